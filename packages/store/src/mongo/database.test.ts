import { MongoBulkWriteError, MongoNetworkError, MongoServerError } from 'mongodb';
import { expect, test } from 'vitest';
import { onlyDuplicates } from './database.ts';

const duplicate = { code: 11000, index: 0 };
const result = (concern?: object) => ({ getWriteConcernError: () => concern }) as never;

test.each<[string, unknown, boolean]>([
  ['a duplicate', new MongoServerError({ message: 'E11000', code: 11000 }), true],
  [
    'duplicates of many',
    new MongoBulkWriteError({ ...duplicate, writeErrors: [duplicate] } as never, result()),
    true,
  ],
  [
    'a duplicate beside another fault',
    new MongoBulkWriteError({ ...duplicate, writeErrors: [duplicate, { code: 50 }] } as never, result()),
    false,
  ],
  [
    'duplicates that no majority has heard of',
    new MongoBulkWriteError({ ...duplicate, writeErrors: [duplicate] } as never, result({ code: 64 })),
    false,
  ],
  [
    'a connection that broke',
    new MongoBulkWriteError(new MongoNetworkError('closed') as never, result()),
    false,
  ],
  ['a connection that broke, unwrapped', new MongoNetworkError('closed'), false],
])('%s', (_what, thrown, only) => {
  expect(onlyDuplicates(thrown)).toBe(only);
});
