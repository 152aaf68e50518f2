import { runService } from '@mcp-fleet/runtime';
import { startReconciler } from './start-reconciler.ts';

await runService('reconciler', startReconciler);
