export { createWorker, startWorker, type WorkerSetup } from './start-worker.ts';
export { FleetWorker, type WorkerOptions, type WorkerParts } from './worker.ts';
