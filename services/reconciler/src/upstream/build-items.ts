import { type OfflineCall, rebuildRequest } from '@mcp-fleet/core';
import type { UpstreamItem, UpstreamProvider } from '@mcp-fleet/models';
import type { UpstreamParts } from './upstream-parts.ts';

/** Calls whose records are read at once. */
const concurrency = 16;

/** What of an upstream batch's calls goes into it. */
interface Built {
  items: UpstreamItem[];
  /** Jobs that do not need their call any more. */
  gone: string[];
  /** Jobs whose calls found no room. */
  over: string[];
  /** Calls that are larger than any batch may be. */
  tooLarge: OfflineCall[];
}

/** Builds the items of a batch from the records of their jobs, until its bytes are full. */
export async function buildItems(
  { store, options, stopping }: UpstreamParts,
  provider: UpstreamProvider,
  calls: readonly OfflineCall[],
): Promise<Built> {
  const built: Built = { items: [], gone: [], over: [], tooLarge: [] };
  let bytes = 0;
  for (let at = 0; at < calls.length && bytes < options.bytes; at += concurrency) {
    stopping.throwIfAborted();
    const some = calls.slice(at, at + concurrency);
    const requests = await Promise.all(some.map((call) => rebuildRequest(store, call)));
    for (const [index, call] of some.entries()) {
      const request = requests[index] ?? null;
      if (request === null) {
        built.gone.push(call.jobId);
        continue;
      }
      const item = provider.item(call.customId, request);
      if (item.bytes > options.bytes) built.tooLarge.push(call);
      else if (bytes + item.bytes > options.bytes) built.over.push(call.jobId);
      else {
        built.items.push(item);
        bytes += item.bytes;
      }
    }
  }
  const seen = built.items.length + built.gone.length + built.over.length + built.tooLarge.length;
  built.over.push(...calls.slice(seen).map((call) => call.jobId));
  return built;
}
