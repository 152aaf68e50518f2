import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { basename } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useFleet } from '../support/fleet-under-test.ts';
import { describeWith, service } from '../support/services.ts';
import { asksToAdd, saysDone } from '../support/simulator-control.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { topologies } from '../support/topologies.ts';

const source = new URL('../../packages/client/src/', import.meta.url);

/** Follows a job with the client as a browser has it, and keeps what came where the test can see it. */
const follow = `
  const { FleetClient } = await import('/sdk/index.ts');
  const fleet = new FleetClient({ url: location.origin });
  const job = await fleet.jobs.create({ query: 'add' });
  globalThis.seen = { id: job.id, steps: [], answer: null };
  for await (const { event, data } of fleet.jobs.stream(job.id)) {
    if (event === 'step') seen.steps.push(data.round + '.' + data.slot);
    if (event === 'ended') seen.answer = data.answer;
  }
`;

interface Seen {
  id: string;
  steps: string[];
  answer: string | null;
}

for (const { name, needs, open } of topologies) {
  describeWith([...needs, 'chromium'], `the client in a browser, ${name}`, () => {
    const fleet = useFleet(open);
    let browser: Browser;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: service('chromium'), args: ['--no-sandbox'] });
    });
    afterAll(() => browser?.close());

    test('it reads a stream of events, is cut off, and goes on without a gap or a repetition', async () => {
      const { simulator, tools } = fleet();
      const [api] = await Promise.all([fleet().start('api'), fleet().start('worker')]);
      const { hostname, port } = new URL(api?.url ?? '');
      const proxy = await startTcpProxy(hostname, Number(port));
      try {
        const page = await browser.newPage();
        await page.route('**/page.html', (route) => route.fulfill({ contentType: 'text/html', body: '' }));
        await page.route('**/sdk/*', async (route) => {
          const file = new URL(basename(new URL(route.request().url()).pathname), source);
          const body = stripTypeScriptTypes(await readFile(file, 'utf8'));
          await route.fulfill({ contentType: 'text/javascript', body });
        });
        await page.goto(`http://127.0.0.1:${proxy.port}/page.html`);
        for (const n of [1, 2]) tools.hold(n);
        await simulator.script([asksToAdd(1), asksToAdd(2), saysDone('both')]);
        const followed = page.evaluate(`(async () => { ${follow} })()`);
        for (const n of [1, 2]) {
          await tools.received(n);
          const last = `${n - 1}.0`;
          await page.waitForFunction(`globalThis.seen?.steps.includes('${last}')`);
          proxy.cut();
          tools.release(n);
        }
        await followed;
        const seen = (await page.evaluate('globalThis.seen')) as Seen;
        expect(seen).toMatchObject({
          answer: 'both',
          steps: ['0.0', '0.1', '1.0', '1.1', '2.0'],
        });
        expect(await fleet().job(seen.id)).toMatchObject({ state: 'succeeded' });
      } finally {
        await proxy.stop();
      }
    }, 120_000);
  });
}
