export { parseServersConfig, type ServersConfig } from './config.ts';
export type { Environment } from './expand-variables.ts';
export {
  type HttpServerConfig,
  type ServerConfig,
  type StdioServerConfig,
  serverConfig,
  type ToolConfig,
  toolConfig,
} from './server-config.ts';
export { serverFromPath } from './server-from-path.ts';
export { offeredName } from './tool-names.ts';
export { createToolProvider, type McpToolProvider, type ToolProviderOptions } from './tool-provider.ts';
export type { ServerStatus, ToolServerEvent } from './tool-server-event.ts';
