export {
  type BackendOptions,
  openPooledBackend,
  openQueueBackend,
  type QueueBackend,
  type QueuePool,
} from './backend.ts';
export { type ConsumerOptions, type Delivery, type DeliveryHandler, JobConsumer } from './consume-jobs.ts';
export { BullJobQueue, type QueueCounts } from './job-queue.ts';
