import { FleetError } from '@mcp-fleet/core';
import { type AddressPolicy, urlProblem } from '@mcp-fleet/webhooks';

/** Throws `permission_denied` for a URL that no webhook may have. Where its name leads is looked at when it is sent to. */
export function refuseUnreachable(url: string, policy: AddressPolicy): void {
  const problem = urlProblem(url, policy);
  if (problem !== null) throw new FleetError('permission_denied', problem);
}
