import type { ToolDefinition, ToolSafety } from '@mcp-fleet/core';
import { type InputCheck, inputCheck } from './input-check.ts';
import type { ListedTool } from './list-tools.ts';
import type { ServerConfig, ToolConfig } from './server-config.ts';
import { compareTools, offeredName } from './tool-names.ts';

/** A tool as it is offered, with the server's own name for it. */
export interface CatalogTool {
  server: string;
  tool: string;
  definition: ToolDefinition;
  /** The operator's limit in milliseconds for one call, if there is one. */
  timeoutMs: number | undefined;
  check: InputCheck;
}

/** What a server offers under its configuration, in the order of the tools' names. */
export function catalog(server: string, config: ServerConfig, listed: readonly ListedTool[]): CatalogTool[] {
  return listed
    .map((tool) => catalogTool(server, config, tool))
    .filter(({ tool }) => own(config, tool)?.enabled !== false)
    .sort(compareTools);
}

function catalogTool(server: string, config: ServerConfig, listed: ListedTool): CatalogTool {
  const configured = own(config, listed.name);
  const definition: ToolDefinition = {
    name: offeredName(server, listed.name),
    description: listed.description ?? listed.title ?? '',
    inputSchema: listed.inputSchema,
    safety: safetyOf(config, configured, listed),
  };
  if (configured?.unknownOutcome !== undefined) definition.unknownOutcome = configured.unknownOutcome;
  if (needsApproval(configured, definition.safety)) {
    definition.approval = true;
    const { approvalExpiresMs } = configured ?? {};
    if (approvalExpiresMs !== undefined) definition.approvalExpiresMs = approvalExpiresMs;
  }
  return {
    server,
    tool: listed.name,
    definition,
    timeoutMs: configured?.timeoutMs ?? config.timeoutMs,
    check: (input) => inputCheck(listed.inputSchema)(input),
  };
}

function own(config: ServerConfig, tool: string): ToolConfig | undefined {
  return Object.hasOwn(config.tools, tool) ? config.tools[tool] : undefined;
}

function needsApproval(configured: ToolConfig | undefined, safety: ToolSafety): boolean {
  if (configured?.approval === 'destructive') return safety === 'unsafe';
  return configured?.approval === 'always';
}

/** The operator's word, else the annotations of a trusted server, else the worst (MCP, ToolAnnotations). */
function safetyOf(config: ServerConfig, configured: ToolConfig | undefined, listed: ListedTool): ToolSafety {
  if (configured?.safety !== undefined) return configured.safety;
  if (!config.trusted) return 'unsafe';
  if (listed.annotations?.readOnlyHint === true) return 'read_only';
  return listed.annotations?.idempotentHint === true ? 'idempotent' : 'unsafe';
}
