import { type Batch, type BatchStore, type Contender, chooseFairly, floorOf, workOf } from '@mcp-fleet/core';

/** Lines of one batch that are open at once, those included that wait for something and hold no worker. */
const mostOpen = 10_000;

/** Work that is expected of a line before the first of its tenant has ended. */
const unknownWork = 1;

/** How many lines each batch may open. */
export async function shareRoom(
  store: Pick<BatchStore, 'shares' | 'raiseShare'>,
  batches: readonly Batch[],
  room: number,
): Promise<{ batch: Batch; lines: number }[]> {
  const byTenant = Map.groupBy(batches, ({ tenant }) => tenant);
  const shares = await store.shares([...byTenant.keys()]);
  const tenants = [...byTenant].map(([tenant, own]) => ({
    tenant,
    own,
    ...contender(own, shares.get(tenant) ?? { used: 0, weight: 1 }),
  }));
  for (const each of tenants) {
    const floor = floorOf(each, tenants);
    if (floor === null || floor <= each.used) continue;
    await store.raiseShare(each.tenant, floor);
    each.used = floor;
  }
  const chosen = chooseFairly(tenants, room);
  return tenants.flatMap(({ own }, index) => divide(own, chosen[index] as number));
}

function contender(batches: readonly Batch[], share: { used: number; weight: number }): Contender {
  const ended = sum(batches, ({ counts }) => counts.succeeded + counts.errored);
  const work = sum(batches, ({ totals }) => workOf(totals));
  return {
    ...share,
    open: sum(batches, ({ counts }) => counts.open),
    workOfOne: ended === 0 ? unknownWork : Math.max(work / ended, 0.001),
    waiting: sum(batches, openable),
  };
}

const openable = ({ counts }: Batch): number => Math.max(0, Math.min(counts.waiting, mostOpen - counts.open));

/** A tenant's lines go to its batches evenly, the oldest first. */
function divide(batches: readonly Batch[], lines: number): { batch: Batch; lines: number }[] {
  let left = lines;
  const byBacklog = [...batches].sort((a, b) => openable(a) - openable(b));
  return byBacklog.flatMap((batch, index) => {
    const part = Math.min(openable(batch), Math.ceil(left / (byBacklog.length - index)));
    left -= part;
    return part === 0 ? [] : [{ batch, lines: part }];
  });
}

const sum = (batches: readonly Batch[], of: (batch: Batch) => number): number =>
  batches.reduce((total, batch) => total + of(batch), 0);
