"""A Python MCP server over stdio, for mcp 1.x (FastMCP) and mcp 2.x (MCPServer)."""

import asyncio

try:
    from mcp.server.mcpserver import MCPServer
except ImportError:
    from mcp.server.fastmcp import FastMCP as MCPServer

server = MCPServer("python-math")


@server.tool()
def math_tool(P: float, r: float, n: int, t: float) -> str:
    """Compound interest: principal P, yearly rate r (0.05 is 5 percent), n periods a year, t years."""
    amount = P * (1 + r / n) ** (n * t)
    return f"Final amount after {t:g} years is ${amount:,.2f}"


@server.tool()
async def slow_tool(seconds: float) -> str:
    """Answers after some seconds."""
    await asyncio.sleep(seconds)
    return f"Waited {seconds:g} seconds"


@server.tool()
def failing_tool() -> str:
    """Always fails."""
    raise ValueError("the tool failed on purpose")


if __name__ == "__main__":
    server.run()
