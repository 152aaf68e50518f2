import { BullJobQueue, type QueueBackend } from '@mcp-fleet/queue';
import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest';
import { uniqueName } from '../../support/topologies.ts';
import { deliveryRules } from './deliveries.ts';
import { failureRules } from './failures.ts';
import {
  type HoldingConsumer,
  type OpenedPlace,
  openPlace,
  type QueueInside,
  type QueuePlace,
  startHolding,
} from './fixtures.ts';
import { signalRules } from './signals.ts';

/** A queue for one test alone. */
export interface QueueUnderTest {
  backend: QueueBackend;
  queue: BullJobQueue;
  queueName: string;
  inside: QueueInside;
  /** Starts a consumer that is stopped with the test. */
  consume(concurrency?: number): Promise<HoldingConsumer>;
}

/** One kind of place: how to make one, and how to look into it. */
export interface QueueAdapter {
  createPlace(): Promise<QueuePlace>;
  lookInside(place: OpenedPlace, target: string): QueueInside;
}

/** The contract of the queue: producers and consumers together, on one backend. */
export function queueContract(adapter: QueueAdapter): void {
  let place: QueuePlace;
  let opened: OpenedPlace;
  let inside: QueueInside;
  let test: QueueUnderTest;
  let started: HoldingConsumer[];

  beforeAll(async () => {
    place = await adapter.createPlace();
    opened = await openPlace(place.target);
    await opened.backend('any').migrate();
    inside = adapter.lookInside(opened, place.target);
  });
  afterAll(async () => {
    await inside?.close();
    await opened?.close();
    await place?.remove();
  });

  beforeEach(async () => {
    const queueName = uniqueName();
    const backend: QueueBackend = opened.backend(queueName);
    const queue = new BullJobQueue(backend);
    await queue.start();
    started = [];
    const consume = async (concurrency?: number) => {
      const holding = await startHolding(backend, concurrency);
      started.push(holding);
      return holding;
    };
    test = { backend, queue, queueName, inside, consume };
  });
  afterEach(async () => {
    await Promise.all(started.map((holding) => holding.release()));
    await test.queue.stop();
  });

  describe('deliveries', () => deliveryRules(() => test));
  describe('failures', () => failureRules(() => test, adapter));
  describe('signals', () => signalRules(() => test));
}
