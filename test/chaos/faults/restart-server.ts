import type { Fleet } from '../fleet/setup.ts';
import type { Fault } from './fault.ts';

/** SIGKILL of a backing server, and its restart on the data that it kept. */
function restartServer(
  name: string,
  server: (fleet: Fleet) => Fleet['storeServer'],
  more: Partial<Fault>,
): Fault {
  return {
    name,
    lane: 'servers',
    ...more,
    plan(random) {
      const downMs = random.between(200, 4_000);
      return {
        what: `killed, back after ${downMs} ms`,
        outdates: 'all',
        async run(fleet, pause) {
          const { process } = server(fleet);
          await process.kill();
          await pause(downMs);
          await process.start();
        },
      };
    },
  };
}

/** In the postgres topology the queue's server is the store's. */
export const restartRedis = restartServer('redis-restart', (fleet) => fleet.queueServer, {
  topologies: ['fleet'],
});
export const restartStore = restartServer('store-restart', (fleet) => fleet.storeServer, {
  crashesStore: true,
});
