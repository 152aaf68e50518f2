"""An MCP server with two tools: what is in a small shop's stock, and taking something out of it."""

try:
    from mcp.server.mcpserver import MCPServer  # mcp 2
except ImportError:
    from mcp.server.fastmcp import FastMCP as MCPServer  # mcp 1

server = MCPServer("shop")
stock = {"apples": 12, "pears": 3}


@server.tool()
def in_stock(item: str) -> str:
    """Says how many of an item are in stock."""
    return f"{stock.get(item, 0)} {item}"


@server.tool()
def take_out(item: str, count: int) -> str:
    """Takes a number of an item out of stock."""
    if stock.get(item, 0) < count:
        raise ValueError(f"There are only {stock.get(item, 0)} {item}.")
    stock[item] -= count
    return f"{count} {item} are taken out, {stock[item]} are left."


if __name__ == "__main__":
    server.run()
