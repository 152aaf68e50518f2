export { createApp } from './app.ts';
export { Authenticator, localTenant } from './auth/authenticator.ts';
export { refuseWithoutKeys } from './auth/key-requirement.ts';
export { Limits } from './auth/limits.ts';
export { JobEvents } from './job-events.ts';
export { JobWatch } from './job-watch.ts';
export { serveMcpStdio } from './mcp/serve-mcp-stdio.ts';
export type { ApiParts } from './parts.ts';
export { startApi } from './start-api.ts';
