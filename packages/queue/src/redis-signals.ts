import { once } from 'node:events';
import type { Redis } from 'ioredis';
import { decodeSignal, encodeSignal, type Signals } from './signals.ts';

/** How long a signal waits for the connection that it is sent by. */
const connectMs = 2_000;

/** Signals by Redis's publish and subscribe; the subscription is renewed with the connection. */
export function redisSignals(channel: string, connect: (role: 'publish' | 'subscribe') => Redis): Signals {
  let publisher: Redis | undefined;
  return {
    async publish(signal) {
      publisher ??= connect('publish');
      if (publisher.status !== 'ready')
        await once(publisher, 'ready', { signal: AbortSignal.timeout(connectMs) }).catch(() => undefined);
      for (const message of encodeSignal(signal)) {
        await publisher.publish(channel, message).catch(() => undefined);
      }
    },
    async listen(listener) {
      const subscriber = connect('subscribe');
      subscriber.on('message', (_channel: string, message: string) => {
        const signal = decodeSignal(message);
        if (signal) listener(signal);
      });
      await subscriber.subscribe(channel);
      return {
        async stop() {
          subscriber.disconnect();
        },
      };
    },
  };
}
