import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../random.ts';
import type { Producer } from './producer.ts';
import { queryWriter } from './queries.ts';

/** Conversations at once, and milliseconds between two jobs that belong to none. */
const conversations = 5;
const alone = [300, 1_500] as const;

/** Submits jobs until it is told to stop: sessions in a row and in bursts, and jobs without a session. */
export async function runLoad(producer: Producer, random: Random, signal: AbortSignal): Promise<void> {
  const pause = (ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined);
  const write = queryWriter(random.fork('queries'));

  async function converse(own: Random): Promise<void> {
    while (!signal.aborted) {
      const session = await producer.createSession();
      if (session === null) return;
      const turns = own.between(3, 7);
      if (own.next() < 0.4) {
        await Promise.all(Array.from({ length: turns }, () => producer.submit(write(), session)));
      } else {
        for (let turn = 0; turn < turns && !signal.aborted; turn += 1) {
          await producer.submit(write(), session);
          await pause(own.between(0, 1_200));
        }
      }
      await pause(own.between(500, 6_000));
    }
  }

  async function single(own: Random): Promise<void> {
    while (!signal.aborted) {
      await producer.submit(write(), null);
      await pause(own.between(...alone));
    }
  }

  const lanes = Array.from({ length: conversations }, (_, n) => converse(random.fork(`conversation ${n}`)));
  await Promise.all([...lanes, single(random.fork('single'))]);
}
