import type { TcpProxy } from '../../support/tcp-proxy.ts';
import { queueLockMs } from '../fleet/setup.ts';
import type { Random } from '../random.ts';
import { type Fault, type Pause, workerNames, workerOf } from './fault.ts';

const ends = ['queue', 'store'] as const;

/** Trouble between one worker and one of its two servers. */
function network(
  name: string,
  draw: (random: Random) => { what: string; harm: (proxy: TcpProxy, pause: Pause) => Promise<void> },
): (end: (typeof ends)[number]) => Fault {
  return (end) => ({
    name: `${end}-${name}`,
    lane: 'servers',
    plan(random) {
      const worker = random.pick(workerNames);
      const { what, harm } = draw(random);
      return {
        what: `${worker}: ${what}`,
        outdates: worker,
        async run(fleet, pause) {
          const { queueProxy, storeProxy } = workerOf(fleet, worker);
          const proxy = end === 'queue' ? queueProxy : storeProxy;
          await harm(proxy, pause).finally(() => proxy.reset());
        },
      };
    },
  });
}

const cut = network('cut', () => ({ what: 'connections cut', harm: async (proxy) => proxy.cut() }));

const delay = network('delay', (random) => {
  const lateMs = random.between(100, 900);
  const ms = random.between(1_000, 5_000);
  return {
    what: `everything ${lateMs} ms late for ${ms} ms`,
    async harm(proxy, pause) {
      proxy.delay(lateMs);
      await pause(ms);
      proxy.delay(0);
    },
  };
});

const blackhole = network('blackhole', (random) => {
  const lost = random.pick(['requests', 'answers'] as const);
  const ms = random.between(queueLockMs, queueLockMs * 4);
  return {
    what: `${lost} lost for ${ms} ms`,
    async harm(proxy, pause) {
      proxy.blackhole(lost);
      await pause(ms);
    },
  };
});

/** Connections cut, slowed, and silent in one direction; each between one worker and queue or store. */
export const networkFaults: Fault[] = ends.flatMap((end) => [cut(end), delay(end), blackhole(end)]);
