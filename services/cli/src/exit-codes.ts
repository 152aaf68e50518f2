import { FleetApiError } from '@mcp-fleet/client';

/** Exit codes that scripts can rely on. */
export const exitCodes = {
  ok: 0,
  /** Something failed that no other code fits. */
  failed: 1,
  /** The command, the configuration or the query is not valid. */
  badInput: 2,
  /** The job ended in a state other than succeeded. */
  jobFailed: 3,
  /** The fleet, its store, its queue or a tool server cannot be reached. */
  unavailable: 4,
} as const;

const badInput = new Set([
  'invalid_request',
  'invalid_config',
  'query_too_large',
  'session_not_found',
  'job_not_found',
  'not_found',
  'unknown_server',
  'unknown_model',
  'idempotency_conflict',
  'unsupported_media_type',
  'encryption_key_missing',
  'unauthenticated',
  'permission_denied',
]);
const unavailable = new Set([
  'fleet_unreachable',
  'store_unavailable',
  'store_not_migrated',
  'queue_unavailable',
  'tool_server_unavailable',
  'port_in_use',
  'folder_in_use',
]);

/** The code and the exit code of whatever ended a command. */
export function describeFailure(thrown: unknown): { code: string; message: string; exitCode: number } {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const code = codeOf(thrown);
  const exitCode = badInput.has(code)
    ? exitCodes.badInput
    : unavailable.has(code)
      ? exitCodes.unavailable
      : exitCodes.failed;
  return { code, message, exitCode };
}

function codeOf(thrown: unknown): string {
  if (thrown instanceof FleetApiError) return thrown.code;
  if (thrown instanceof Error && thrown.name === 'FleetError' && 'code' in thrown) return String(thrown.code);
  return 'internal';
}
