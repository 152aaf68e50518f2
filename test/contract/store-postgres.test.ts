import { openPostgresStore } from '@mcp-fleet/store';
import { describeWith } from '../support/services.ts';
import { createPostgresDatabase } from '../support/topologies.ts';
import { storeContract } from './store/store-contract.ts';

describeWith(['postgres'], 'the context store on PostgreSQL', () => {
  storeContract(
    async () => {
      const database = await createPostgresDatabase();
      const store = openPostgresStore(database.url);
      return {
        store,
        async close() {
          await store.close();
          await database.drop();
        },
      };
    },
    { raceRounds: 1_000 },
  );
});
