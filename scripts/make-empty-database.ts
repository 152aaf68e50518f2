import { makeEmptyDatabase } from '@mcp-fleet/runtime';

await makeEmptyDatabase();
