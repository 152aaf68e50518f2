export { serveMcp } from './serve-mcp.ts';
export { type McpHttp, startMcpHttp } from './start-mcp-http.ts';
