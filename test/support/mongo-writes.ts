import { Collection } from 'mongodb';

type Write = (this: Collection, ...args: unknown[]) => Promise<unknown>;

/** The driver's writes that the store uses; insertMany is a bulkWrite inside. */
const names = ['insertOne', 'updateOne', 'deleteOne', 'deleteMany', 'bulkWrite', 'findOneAndUpdate'];

interface Intercepted {
  collection: string;
  args: unknown[];
  make(args: unknown[]): Promise<unknown>;
}

/** Puts something between all stores of this process and their writes while `work` runs. */
async function intercept<T>(
  between: (write: Intercepted) => Promise<unknown>,
  work: () => Promise<T>,
): Promise<T> {
  const prototype = Collection.prototype as unknown as Record<string, Write>;
  const originals = names.map((name) => [name, prototype[name] as Write] as const);
  for (const [name, original] of originals) {
    prototype[name] = function (...args) {
      const make = (changed: unknown[]) => original.apply(this, changed);
      return between({ collection: this.collectionName, args, make });
    };
  }
  try {
    return await work();
  } finally {
    for (const [name, original] of originals) prototype[name] = original;
  }
}

/** Where a process dies: with all of its write of that number made, or half. Of a write of one document half is none. */
export interface Death {
  write: number;
  made: 'all' | 'half';
}

/** Whether `work` was at its end before its process would have died. */
export async function survives(death: Death, work: () => Promise<unknown>): Promise<boolean> {
  let begun = 0;
  const underWay: Promise<unknown>[] = [];
  await intercept(
    ({ args, make }) => {
      begun += 1;
      if (begun > death.write) return Promise.reject(new Error('its process is dead'));
      if (begun < death.write) return watched(make(args));
      return dying(death.made === 'all' ? [args] : half(args), make);
    },
    async () => {
      await Promise.allSettled([work()]);
      await Promise.allSettled(underWay);
    },
  );
  return begun < death.write;

  function watched<T>(write: Promise<T>): Promise<T> {
    underWay.push(write);
    return write;
  }

  async function dying(writes: unknown[][], make: Intercepted['make']): Promise<never> {
    await watched(Promise.allSettled(writes.map(make)));
    throw new Error('its process died');
  }
}

/** The half of a bulk of writes, or of the documents that its only one names. */
function half(args: unknown[]): unknown[][] {
  const [operations, ...rest] = args;
  if (!Array.isArray(operations)) return [];
  const [only] = operations;
  const ids = only.updateMany?.filter._id.$in;
  if (operations.length > 1 || ids === undefined)
    return operations.length > 1 ? [[first(operations), ...rest]] : [];
  const { filter, update } = only.updateMany;
  return [[[{ updateMany: { filter: { ...filter, _id: { $in: first(ids) } }, update } }], ...rest]];
}

const first = <T>(all: T[]): T[] => all.slice(0, Math.ceil(all.length / 2));

/**
 * Runs `work` with its first bulk of writes to a collection held back; `meanwhile` is done before the bulk is made,
 * by others whose writes are not held.
 */
export async function late<T>(
  collection: string,
  work: () => Promise<T>,
  meanwhile: () => Promise<void>,
): Promise<T> {
  let held = false;
  return intercept(async (write) => {
    if (!held && write.collection === collection && Array.isArray(write.args[0])) {
      held = true;
      await meanwhile();
    }
    return write.make(write.args);
  }, work);
}
