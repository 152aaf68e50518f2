import { randomBytes } from 'node:crypto';
import { openPostgresStore, withEncryption } from '@mcp-fleet/store';
import { openMongoStore } from '@mcp-fleet/store/mongo';
import { describeWith, service } from '../support/services.ts';
import { createPostgresDatabase, uniqueName } from '../support/topologies.ts';
import { storeContract } from './store/store-contract.ts';

const keys = `test:${randomBytes(32).toString('base64')}`;

describeWith(['postgres'], 'the context store on PostgreSQL, encrypted', () => {
  storeContract(
    async () => {
      const database = await createPostgresDatabase();
      const store = withEncryption(openPostgresStore(database.url), keys);
      return {
        store,
        async close() {
          await store.close();
          await database.drop();
        },
      };
    },
    { raceRounds: 20 },
  );
});

// What is encrypted is so before the database is chosen, so that one of them is enough.
if (process.env.TEST_EVERY_TOPOLOGY) {
  describeWith(['mongo'], 'the context store on MongoDB, encrypted', () => {
    storeContract(
      async () => {
        const url = new URL(service('mongo'));
        url.pathname = `/${uniqueName()}`;
        const store = withEncryption(openMongoStore(url.href), keys);
        return { store, close: () => store.close() };
      },
      { raceRounds: 10 },
    );
  });
}
