import { runService } from '@mcp-fleet/runtime';
import { startApi } from './start-api.ts';

await runService('api', startApi);
