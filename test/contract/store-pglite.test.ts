import { startEmbeddedPostgres } from '@mcp-fleet/runtime';
import { openPooledStore } from '@mcp-fleet/store';
import { describe } from 'vitest';
import { storeContract } from './store/store-contract.ts';

describe('the context store on PGlite', () => {
  storeContract(
    async () => {
      const embedded = await startEmbeddedPostgres(null);
      return { store: openPooledStore(embedded.pool as never), close: () => embedded.stop() };
    },
    // One process with one connection: nothing races there, it only interleaves.
    { raceRounds: 500 },
  );
});
