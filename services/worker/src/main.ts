import { runService } from '@mcp-fleet/runtime';
import { startWorker } from './start-worker.ts';

await runService('worker', startWorker);
