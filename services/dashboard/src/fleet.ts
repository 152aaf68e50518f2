import { FleetClient } from '@mcp-fleet/client';

let client = new FleetClient({ url: location.origin });

/** The client of the fleet that serves this page. */
export const fleet = (): FleetClient => client;

/** Uses a key from now on. It is kept in this page's memory alone: closing or reloading the page forgets it. */
export function setKey(apiKey: string): void {
  client = new FleetClient({ url: location.origin, apiKey });
}
