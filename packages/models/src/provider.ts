import type { Model } from '@mcp-fleet/core';

/** A Model with a lifetime: closing it ends the calls that are under way. */
export interface Provider extends Model {
  close(): void;
}
