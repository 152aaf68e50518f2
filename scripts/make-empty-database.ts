import { openPooledBackend } from '@mcp-fleet/queue';
import { makeEmptyDatabase } from '@mcp-fleet/runtime';
import { openPooledStore } from '@mcp-fleet/store';

await makeEmptyDatabase(async (pool) => {
  await openPooledStore(pool as never).migrate();
  await openPooledBackend(pool as never).migrate();
});
