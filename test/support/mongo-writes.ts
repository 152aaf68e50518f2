import { Collection } from 'mongodb';

type Write = (this: Collection, ...args: unknown[]) => Promise<unknown>;

/** The driver's writes that the store uses; insertMany is a bulkWrite inside. */
const names = ['insertOne', 'updateOne', 'deleteOne', 'deleteMany', 'bulkWrite', 'findOneAndUpdate'];

interface Intercepted {
  /** Its collection and name, like `jobs.updateOne`. */
  name: string;
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
      return between({ name: `${this.collectionName}.${name}`, args, make });
    };
  }
  try {
    return await work();
  } finally {
    for (const [name, original] of originals) prototype[name] = original;
  }
}

/** Where a process dies: once its write of that number is made, or half of its bulk of writes of that number. */
export interface Death {
  write: number;
  made: 'all' | 'half';
}

/** Whether `work` was at its end before its process would have died. */
export async function survives({ write, made }: Death, work: () => Promise<unknown>): Promise<boolean> {
  let begun = 0;
  const underWay: Promise<unknown>[] = [];
  const outcome = await intercept(
    async ({ args, make }) => {
      const counts = made === 'all' || isBulk(args);
      if (begun === write) throw new Error('its process is dead');
      if (counts) begun += 1;
      const dies = counts && begun === write;
      const making = make(dies && made === 'half' ? half(args) : args);
      underWay.push(making);
      if (!dies) return making;
      await Promise.allSettled([making]);
      throw new Error('its process died');
    },
    async () => {
      const [settled] = await Promise.allSettled([work()]);
      await Promise.allSettled(underWay);
      return settled;
    },
  );
  if (begun < write && outcome.status === 'rejected') throw outcome.reason;
  return begun < write;
}

const isBulk = ([operations]: unknown[]): boolean => Array.isArray(operations);

/** The first half of a bulk of writes, or the first of the documents that its only one names. */
function half([operations, ...rest]: unknown[]): unknown[] {
  const all = operations as { updateMany?: { filter: { _id: { $in: string[] } }; update: unknown } }[];
  const only = all.length === 1 ? all[0]?.updateMany : undefined;
  if (only === undefined) return [first(all), ...rest];
  const filter = { ...only.filter, _id: { $in: first(only.filter._id.$in) } };
  return [[{ updateMany: { filter, update: only.update } }], ...rest];
}

const first = <T>(all: T[]): T[] => all.slice(0, Math.ceil(all.length / 2));

/**
 * Runs `work` with its first write of a name, like `jobs.updateOne`, held back; `meanwhile` is done before it is
 * made, by others whose writes are not held.
 */
export async function late<T>(
  name: string,
  work: () => Promise<T>,
  meanwhile: () => Promise<unknown>,
): Promise<T> {
  let held = false;
  return intercept(async (write) => {
    if (!held && write.name === name) {
      held = true;
      await meanwhile();
    }
    return write.make(write.args);
  }, work);
}
