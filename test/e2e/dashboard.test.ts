import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FleetClient } from '@mcp-fleet/client';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { accessibilityFaults } from '../support/axe.ts';
import { type FleetProcess, startFleetProcess } from '../support/fleet-process.ts';
import { runCli } from '../support/run-cli.ts';
import { describeWith, service } from '../support/services.ts';

/** Set to a folder, the pages are pictured into it: `npm run screenshots` does it for the documentation. */
const pictures = process.env.TEST_SCREENSHOTS;

const math = {
  command: process.execPath,
  args: [fileURLToPath(new URL('../../services/mcp-math/src/main.ts', import.meta.url))],
  trusted: true,
};
const settings = {
  mcpServers: { math, bank: { ...math, tools: { calculate: { approval: 'always' } } } },
  agents: {
    default: { tools: ['math__calculate'] },
    careful: { tools: ['bank__calculate'] },
    hasty: { tools: ['math__calculate'], limits: { rounds: 1 } },
  },
};

/** Every page by its address, with a heading that it shows. */
const pages = {
  '': 'Overview',
  chat: 'Chat',
  jobs: 'Jobs',
  sessions: 'Sessions',
  batches: 'Batches',
  approvals: 'Approvals',
  'dead-letters': 'Dead letters',
  tools: 'Workers and tools',
  keys: 'Keys and limits',
  audit: 'Audit log',
};

describeWith(['chromium'], 'the dashboard in a browser', () => {
  let folder: string;
  let browser: Browser;
  let fleet: FleetProcess;
  let client: FleetClient;
  const faults: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: service('chromium'), args: ['--no-sandbox'] });
    folder = await mkdtemp(join(tmpdir(), 'fleet-dashboard-'));
    const config = join(folder, 'fleet.json');
    await writeFile(config, JSON.stringify(settings));
    const args = ['up', '--port', '0', '--data', join(folder, 'data'), '--config', config];
    fleet = await startFleetProcess(args, {});
    client = new FleetClient({ url: fleet.url });
  });
  afterAll(async () => {
    await fleet?.kill('SIGTERM');
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    expect(faults.splice(0)).toEqual([]);
  });

  async function open(path: string, options: BrowserContextOptions = {}, url = fleet.url): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const page = await context.newPage();
    // A key that is asked for is a 401 in the console, which a test may be about.
    page.on('console', (said) => {
      if (said.type() === 'error' && !said.text().includes('401')) faults.push(said.text());
    });
    page.on('pageerror', (thrown) => faults.push(String(thrown)));
    await page.goto(`${url}/dashboard/#/${path}`);
    return page;
  }

  const heading = (page: Page, name: string) =>
    page.getByRole('heading', { level: 1, name, exact: true }).waitFor();

  const tile = (page: Page, name: string) =>
    page.locator('.tile', { has: page.getByText(name, { exact: true }) });

  async function picture(page: Page, name: string): Promise<void> {
    if (!pictures) return;
    await mkdir(pictures, { recursive: true });
    await page.screenshot({ path: join(pictures, `${name}.png`) });
  }

  async function failedJob(): Promise<string> {
    const job = await client.jobs.create({ query: 'What is 8 times 9?', agent: 'hasty' });
    expect(await client.jobs.wait(job.id)).toMatchObject({ state: 'failed' });
    return job.id;
  }

  /** Some seconds of a fleet that has something to do, for a picture of it. */
  async function trickle(): Promise<void> {
    for (let second = 0; second < 40; second += 1) {
      const made = Array.from({ length: 2 + ((second * 7) % 5) }, (_, n) =>
        client.jobs.create({ query: `What is ${second} times ${n}?` }),
      );
      await Promise.all([...made, sleep(1_000)]);
    }
  }

  test('the overview shows what happens as it happens', async () => {
    const page = await open('');
    await heading(page, 'Overview');
    const ended = tile(page, 'Ended').locator('b');
    await tile(page, 'Workers').getByText('1', { exact: true }).waitFor();
    const before = Number(await ended.textContent());
    const made = Array.from({ length: 20 }, (_, n) => client.jobs.create({ query: `What is ${n} times 7?` }));
    for (const { id } of await Promise.all(made)) await client.jobs.wait(id);
    await failedJob();
    await ended.getByText(String(before + 21), { exact: true }).waitFor();
    await page.getByRole('link', { name: 'limit_exceeded' }).waitFor();
    await page.getByRole('img', { name: /^Jobs a second, at last: .*succeeded/ }).waitFor();
    await page.getByRole('button', { name: 'Hour' }).click();
    await ended.getByText(String(before + 21), { exact: true }).waitFor();
    await page.getByRole('button', { name: '5 minutes' }).click();
    if (pictures) await trickle();
    await picture(page, 'overview');
  }, 120_000);

  test('a query of the chat becomes a conversation, a job and a timeline of its steps', async () => {
    const page = await open('chat');
    await page.getByLabel('Agent').selectOption('default');
    await page.getByLabel('Query').fill('What is 6 times 7?');
    await page.keyboard.press('Enter');
    await heading(page, 'Session');
    const conversation = page.getByRole('list', { name: 'Conversation' });
    await conversation.getByText('6 * 7 = 42').waitFor();
    await page.getByLabel('Query').fill('What is 5 times 5?');
    await page.getByRole('button', { name: 'Send' }).click();
    await conversation.getByText('5 * 5 = 25').waitFor();
    await picture(page, 'conversation');
    await conversation.getByRole('link', { name: 'job' }).last().click();
    await heading(page, 'Job');
    const steps = page.getByRole('list', { name: 'Steps' });
    await steps.getByRole('heading', { name: 'math__calculate' }).waitFor();
    await steps.getByRole('heading', { name: 'End' }).waitFor();
    await steps.getByText('Arguments').click();
    await steps.locator('details[open]').getByText('"expression"').waitFor();
    await picture(page, 'job');
    await page.getByRole('link', { name: /^sess_/ }).click();
    await heading(page, 'Session');
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Yes, delete everything in it' }).click();
    await heading(page, 'Sessions');
  });

  test('jobs are found by their state, and one that has ended is replayed', async () => {
    const done = await client.jobs.create({ query: 'What is 3 times 3?' });
    await client.jobs.wait(done.id);
    const page = await open('jobs');
    await page.getByLabel('State').selectOption('succeeded');
    await page.getByRole('link', { name: 'What is 3 times 3?' }).first().click();
    await page.getByRole('button', { name: 'Replay from scratch' }).click();
    await page.getByRole('link', { name: done.id }).waitFor();
    await page.getByRole('list', { name: 'Steps' }).getByRole('heading', { name: 'End' }).waitFor();
  });

  test('a call waits for an approval, which is given here with other arguments', async () => {
    const job = await client.jobs.create({ query: 'What is 2 times 2?', agent: 'careful' });
    const page = await open('approvals');
    const card = page.getByRole('article', { name: 'Call of bank__calculate' }).first();
    await card.getByLabel('Arguments, as they will be sent').fill('no JSON');
    await card.getByRole('button', { name: 'Approve' }).click();
    await card.getByText('The arguments are not a JSON object').waitFor();
    await card.getByLabel('Arguments, as they will be sent').fill('{"expression": "2 * 50"}');
    await picture(page, 'approvals');
    await card.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('No call waits for a decision.').waitFor();
    expect(await client.jobs.wait(job.id)).toMatchObject({
      state: 'succeeded',
      answer: expect.stringContaining('100'),
    });
  });

  test('a job that waits is followed live, denied at its own page, and another is canceled', async () => {
    const job = await client.jobs.create({ query: 'What is 4 times 4?', agent: 'careful' });
    const page = await open(`job/${job.id}`);
    await page.getByRole('heading', { name: 'Waits' }).waitFor();
    await page.getByLabel('Reason for the model').fill('Not today');
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByRole('heading', { name: 'End' }).waitFor();
    await page.getByText('denied').first().waitFor();
    const other = await client.jobs.create({ query: 'What is 5 times 4?', agent: 'careful' });
    await page.goto(`${fleet.url}/dashboard/#/job/${other.id}`);
    await page.getByRole('heading', { name: 'Waits' }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Yes, cancel it' }).click();
    await page.getByRole('heading', { name: 'End' }).waitFor();
    expect(await client.jobs.get(other.id)).toMatchObject({ state: 'canceled' });
  });

  test('a file becomes a batch, whose results are shown and downloaded', async () => {
    const lines = Array.from(
      { length: 30 },
      (_, n) => `${JSON.stringify({ custom_id: `sum-${n}`, query: `What is ${n} times 2?` })}\n`,
    );
    const page = await open('batches');
    const file = { name: 'sums.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from(lines.join('')) };
    await page.getByLabel(/^New batch/).setInputFiles(file);
    await page.getByRole('button', { name: 'Upload and run' }).click();
    await heading(page, 'Batch');
    await page.getByText('100 %').waitFor();
    await page.getByRole('link', { name: 'sum-29' }).waitFor();
    await picture(page, 'batch');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Results as JSON lines' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^batch_.*\.jsonl$/);
    await page.getByRole('link', { name: 'Batches' }).click();
    await page.getByRole('progressbar').first().waitFor();
  });

  test('a running batch is paused, resumed and canceled', async () => {
    const batch = await client.batches.create({
      agent: 'careful',
      lines: [{ query: 'What is 1 times 1?' }, { query: 'What is 1 times 2?' }],
    });
    const page = await open(`batch/${batch.id}`);
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Yes, cancel its lines' }).click();
    await page.locator('.facts').getByText('ended', { exact: true }).waitFor();
    expect(await client.batches.get(batch.id)).toMatchObject({ counts: { canceled: 2 } });
  });

  test('dead letters are replayed, one alone or all of one error', async () => {
    const id = await failedJob();
    const page = await open('dead-letters');
    await page.getByLabel('Error').selectOption('limit_exceeded');
    await page.getByRole('button', { name: 'Replay all of this error' }).click();
    await page.getByRole('button', { name: 'Yes, replay all with limit_exceeded' }).click();
    await page.getByText('jobs were submitted again').waitFor();
    const replays = [];
    for await (const { replay_of } of client.jobs.list()) replays.push(replay_of);
    expect(replays).toContain(id);
    await page.getByRole('button', { name: 'Replay', exact: true }).first().click();
    await heading(page, 'Job');
  });

  test('tools are shown with their servers, and tried', async () => {
    const page = await open('tools');
    await page.getByRole('region', { name: 'Tool servers' }).getByText('ready').first().waitFor();
    const tool = page.getByRole('article', { name: 'math__calculate' });
    await tool.getByText('Try it').click();
    await tool.getByLabel('Arguments', { exact: true }).fill('{"expression": "12 * 12"}');
    await tool.getByRole('button', { name: 'Call math__calculate' }).click();
    await tool.getByText('144').waitFor();
  });

  test('a key is made, shown once and revoked, limits are set, and all of it is in the audit log', async () => {
    const page = await open('keys');
    await page.getByLabel('Name').fill('for the test');
    await page.getByLabel('Tenant, unless your own').fill('acme');
    await page.getByRole('button', { name: 'Make the key' }).click();
    await page.getByText('The new key, which is not shown again').waitFor();
    await page.getByLabel(/Keys of all tenants/).check();
    const row = page.getByRole('row', { name: /for the test/ });
    await row.getByRole('button', { name: 'Revoke' }).click();
    await row.getByRole('button', { name: 'Yes, revoke it' }).click();
    await row.getByText('revoked').waitFor();
    await page.getByLabel('Tenant', { exact: true }).fill('acme');
    await page.getByRole('button', { name: 'Read its limits' }).click();
    await page.getByLabel('Jobs that run').fill('7');
    await page.getByRole('button', { name: 'Set the limits' }).click();
    await page.getByText('They hold from now on.').waitFor();
    expect(await client.tenants.limits('acme')).toMatchObject({ running_jobs: 7 });
    await page.getByRole('link', { name: 'Audit log' }).click();
    await page.getByRole('cell', { name: 'key.revoke' }).first().waitFor();
    await page.getByRole('cell', { name: 'limits.set' }).first().waitFor();
  });

  test.each(['light', 'dark'] as const)(
    'axe finds nothing on any page in %s colours',
    async (colorScheme) => {
      const failed = await failedJob();
      const session = await client.sessions.create();
      const job = await client.jobs.create({ query: 'What is 7 times 7?', session_id: session.id });
      await client.jobs.wait(job.id);
      const waits = await client.jobs.create({ query: 'What is 9 times 9?', agent: 'careful' });
      const batch = await client.batches.create({ lines: [{ query: 'What is 2 times 3?' }] });
      await client.batches.wait(batch.id);
      const single = { [`job/${job.id}`]: 'Job', [`job/${failed}`]: 'Job', [`job/${waits.id}`]: 'Job' };
      const more = {
        [`session/${session.id}`]: 'Session',
        [`batch/${batch.id}`]: 'Batch',
        nowhere: 'No such page',
      };
      const page = await open('', { colorScheme });
      for (const [path, name] of Object.entries({ ...pages, ...single, ...more })) {
        await page.goto(`${fleet.url}/dashboard/#/${path}`);
        await heading(page, name);
        await page.locator('main > :nth-child(2)').first().waitFor();
        await page.getByText('Reading…').waitFor({ state: 'detached' });
        expect(await accessibilityFaults(page), `${name} in ${colorScheme}`).toEqual([]);
      }
      await page.goto(`${fleet.url}/dashboard/#/`);
      await heading(page, 'Overview');
      if (colorScheme === 'dark') await picture(page, 'overview-dark');
      await client.jobs.cancel(waits.id);
    },
  );

  test('on a phone the menu opens by keyboard, and no page is wider than the screen', async () => {
    const page = await open('', { viewport: { width: 375, height: 720 }, hasTouch: true, isMobile: true });
    for (const [path, name] of Object.entries(pages)) {
      await page.goto(`${fleet.url}/dashboard/#/${path}`);
      await heading(page, name);
      await page.locator('main > :nth-child(2)').first().waitFor();
      const [wide, seen] = (await page.evaluate(
        '[document.documentElement.scrollWidth, innerWidth]',
      )) as number[];
      expect(wide, name).toBeLessThanOrEqual(seen as number);
    }
    await page.goto(`${fleet.url}/dashboard/#/`);
    await heading(page, 'Overview');
    await picture(page, 'phone');
    const jobs = page.getByRole('navigation').getByRole('link', { name: 'Jobs' });
    expect(await jobs.isVisible()).toBe(false);
    const menu = page.getByRole('button', { name: 'Menu' });
    await menu.focus();
    await page.keyboard.press('Enter');
    expect(await menu.getAttribute('aria-expanded')).toBe('true');
    await jobs.focus();
    await page.keyboard.press('Enter');
    await heading(page, 'Jobs');
    await page.locator('main:focus').waitFor();
  });

  test('chosen colours stay, and the first press of Tab leads past the menu', async () => {
    const page = await open('', { colorScheme: 'light' });
    await page.getByRole('button', { name: 'Dark colours' }).click();
    const shade = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const dark = await shade();
    await page.reload();
    await heading(page, 'Overview');
    expect(await shade()).toBe(dark);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('main:focus').waitFor();
  });

  test('the queue itself is shown, and cannot be changed there', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${fleet.url}/queues/`);
    await page.getByText('fleet-jobs-batch').first().waitFor();
    const change = await fetch(`${fleet.url}/queues/api/queues/fleet-jobs/pause`, { method: 'PUT' });
    expect(change.status).toBe(405);
  });

  test('a fleet that wants keys asks for one, forgets it with the page, and shows what it does not allow', async () => {
    const data = join(folder, 'keys');
    const make = async (scopes: string) => {
      const { stdout } = await runCli(['keys', 'create', '--scopes', scopes, '--json', '--data', data]);
      return (JSON.parse(stdout) as { key: string }).key;
    };
    const [all, reader] = [await make('all'), await make('jobs:read')];
    const guarded = await startFleetProcess(['up', '--port', '0', '--data', data], { API_KEYS: 'required' });
    try {
      const page = await open('', {}, guarded.url);
      const enter = async (key: string) => {
        await page.getByLabel('Key', { exact: true }).fill(key);
        await page.getByRole('button', { name: 'Use this key' }).click();
      };
      await enter(`${all.slice(0, -4)}0000`);
      await enter(all);
      await tile(page, 'Workers').waitFor();
      expect(
        await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])'),
      ).not.toContain(all.slice(4));
      await page.reload();
      faults.splice(0);
      await enter(reader);
      await tile(page, 'Workers').waitFor();
      await page.getByRole('link', { name: 'Keys and limits' }).click();
      await page.getByText('The key lacks the scope admin').first().waitFor();
      faults.splice(0);

      const queues = `${guarded.url}/queues/`;
      const as = (key: string) => ({
        headers: { authorization: `Basic ${Buffer.from(`me:${key}`).toString('base64')}` },
      });
      const asked = await fetch(queues);
      expect(asked.status).toBe(401);
      expect(asked.headers.get('www-authenticate')).toMatch(/^Basic /);
      expect((await fetch(queues, as(reader))).status).toBe(403);
      expect((await fetch(queues, as(all))).status).toBe(200);
      expect((await fetch(`${guarded.url}/v1/jobs`, as(all))).status).toBe(401);
    } finally {
      await guarded.kill('SIGTERM');
    }
  });

  test('the page may load nothing from elsewhere and run nothing that is written into it', async () => {
    const { headers } = await fetch(`${fleet.url}/dashboard/`);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    const page = await open('');
    await heading(page, 'Overview');
    await page.evaluate(
      `document.body.append(Object.assign(document.createElement('script'), { text: 'globalThis.ran = true' }))`,
    );
    expect(await page.evaluate('globalThis.ran')).toBeUndefined();
    expect(faults.splice(0).join()).toContain('Content Security Policy');
  });

  test('what a model or a tool says is text, whatever markup is in it', async () => {
    const query = 'Say <img src=x onerror="globalThis.ran = true"><b>bold</b>';
    const job = await client.jobs.create({ query });
    await client.jobs.wait(job.id);
    const page = await open(`job/${job.id}`);
    await page.getByRole('heading', { name: 'End' }).waitFor();
    await page.getByText('<b>bold</b>').first().waitFor();
    expect(await page.locator('main img').count()).toBe(0);
  });
});
