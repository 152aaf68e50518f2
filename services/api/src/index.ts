export { createApp } from './app.ts';
export { JobEvents } from './job-events.ts';
export { serveMcpStdio } from './mcp/serve-mcp-stdio.ts';
export { type ApiParts, localTenant } from './parts.ts';
export { startApi } from './start-api.ts';
