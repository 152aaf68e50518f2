export {
  type BackendOptions,
  type Counters,
  openPooledBackend,
  openQueueBackend,
  type QueueBackend,
} from './backend.ts';
export { type ConsumerOptions, type Delivery, type DeliveryHandler, JobConsumer } from './consume-jobs.ts';
export { BullJobQueue, type OpenQueue } from './job-queue.ts';
export type { QueueCounts } from './lane-queue.ts';
export type { QueuePool } from './queue-pool.ts';
export { RepeatingTask, type RepeatingTaskOptions } from './repeating-task.ts';
export type { FleetSignal, Signals, WorkerStatus } from './signals.ts';
