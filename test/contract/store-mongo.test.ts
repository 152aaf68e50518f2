import { openMongoStore } from '@mcp-fleet/store/mongo';
import { describeWith, service } from '../support/services.ts';
import { uniqueName } from '../support/topologies.ts';
import { storeContract } from './store/store-contract.ts';

describeWith(['mongo'], 'the context store on MongoDB', () => {
  storeContract(
    async () => {
      const url = new URL(service('mongo'));
      url.pathname = `/${uniqueName()}`;
      const store = openMongoStore(url.href);
      return { store, close: () => store.close() };
    },
    // The server of the tests does some fifty compare-and-sets a second; TEST_RACE_ROUNDS asks for more rounds.
    { raceRounds: Number(process.env.TEST_RACE_ROUNDS ?? 50) },
  );
});
