import { FleetClient } from '@mcp-fleet/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { blocksOf, readPage } from '../support/documentation.ts';
import { type PageReader, sitDown } from '../support/page-reader.ts';
import { describeWith, type Service } from '../support/services.ts';

/** Pages whose blocks are run; the README has a test of its own. */
const pages: { page: string; needs: Service[] }[] = [
  { page: 'docs/quick-start.md', needs: [] },
  { page: 'docs/tutorial.md', needs: ['python', 'redis', 'postgres'] },
  { page: 'docs/api.md', needs: [] },
  { page: 'docs/sdk.md', needs: ['python'] },
  { page: 'docs/offload.md', needs: [] },
  { page: 'docs/concepts.md', needs: [] },
  { page: 'docs/deployment.md', needs: [] },
  { page: 'docs/runbook.md', needs: [] },
  { page: 'examples/batch/README.md', needs: [] },
];

let reader: PageReader;
beforeEach(async () => {
  reader = await sitDown();
});
afterEach(() => reader.leave());

for (const { page, needs } of pages) {
  const blocks = blocksOf(page);
  const runs = blocks.filter(
    ({ note, language }) => !note?.startsWith('not run: ') && language !== 'mermaid',
  );
  describeWith(needs, page, () => {
    test.runIf(runs.length > 0)(
      'what it shows is run, from its beginning to its end',
      async () => {
        const startsOne = blocks.some(({ note }) => note === 'background');
        const usesOne = runs.some(({ language }) => language !== 'json');
        if (usesOne && !startsOne) await reader.start('npx fleet up --config examples/fleet.json');
        for (const block of blocks) await reader.do(block);
      },
      180_000,
    );
  });
}

test('what is not run says why', () => {
  const silent = pages.flatMap(({ page }) =>
    blocksOf(page).filter(({ note }) => note?.startsWith('not run') && !/^not run: \w+\W+\w+/.test(note)),
  );
  expect(silent).toEqual([]);
});

test('docs/api.md has every route with its scope, and no other', async () => {
  await reader.start('npx fleet up');
  const document = (await (await fetch(`${reader.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { 'x-scope': string }>>;
  };
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, { 'x-scope': scope }]) => `${method.toUpperCase()} ${path} ${scope}`,
    ),
  );
  const rows = readPage('docs/api.md').matchAll(/^\| `([A-Z]+ \S+)` \| .* \| `(\S+)` \|$/gm);
  expect([...rows].map(([, route, scope]) => `${route} ${scope}`).sort()).toEqual(routes.sort());
});

test('docs/sdk.md names every method of the client, and no other', () => {
  const client = new FleetClient({ url: 'http://127.0.0.1:1' });
  const parts = ['jobs', 'sessions', 'approvals', 'agents', 'tools', 'webhooks', 'keys', 'tenants'] as const;
  const own = parts.flatMap((part) => Object.keys(client[part]));
  const batches = Object.getOwnPropertyNames(Object.getPrototypeOf(client.batches));
  const methods = [...own, ...batches.filter((name) => name !== 'constructor')];
  const table = readPage('docs/sdk.md').matchAll(/^\| (?:`\w+`(?:, )?)+ \| (.*) \|$/gm);
  const named = [...table].flatMap(([, cell = '']) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(new Set(named)).toEqual(new Set(methods));
});
