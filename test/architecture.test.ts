import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Who may import BullMQ, a database driver, an MCP or a model SDK: one package each. */
const vendors: Record<string, string[]> = {
  bullmq: ['packages/queue'],
  ioredis: ['packages/queue'],
  pg: ['packages/queue', 'packages/store', 'packages/runtime'],
  mongodb: ['packages/store'],
  '@electric-sql/pglite': ['packages/runtime'],
  '@anthropic-ai/sdk': ['packages/models'],
  openai: ['packages/models'],
  '@modelcontextprotocol/sdk': [
    'packages/tools',
    'packages/mcp-serving',
    'services/mcp-math',
    'services/mcp-clock',
    'services/api',
  ],
  'prom-client': ['packages/runtime'],
  pino: ['packages/runtime'],
  undici: ['packages/http', 'packages/webhooks'],
  'eventsource-parser': ['packages/http'],
  'ipaddr.js': ['packages/webhooks'],
  standardwebhooks: ['packages/webhooks'],
  preact: ['services/dashboard'],
  uplot: ['services/dashboard'],
  '@bull-board/api': ['services/api'],
  '@bull-board/fastify': ['services/api'],
};

/** The command line wires a whole fleet, so it alone may import services. */
const wiresAFleet = ['services/cli'];

const adapters = ['queue', 'store', 'models', 'tools', 'runtime', 'client', 'webhooks', 'mcp-serving'].map(
  (name) => `packages/${name}`,
);

/** What every room may build on. */
const foundations = ['core', 'http'].map((name) => `packages/${name}`);

interface Import {
  file: string;
  from: string;
  specifier: string;
  target: string;
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !name.includes('node_modules') && !name.includes('dist'))
    .map((name) => join(folder, name));
}

/** `packages/core` for `packages/core/src/job.ts`. */
const roomOf = (file: string) => file.split('/').slice(0, 2).join('/');

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = text.matchAll(/(?:from|import(?:\.meta\.resolve)?)\s*\(?\s*'([^'\n]+)'/g);
  return [...found].map(([, specifier = '']) => ({
    file,
    from: roomOf(file),
    specifier,
    target: target(file, specifier),
  }));
}

function target(file: string, specifier: string): string {
  if (specifier.startsWith('.')) return relative(root, resolve(root, dirname(file), specifier));
  const ours = /^@mcp-fleet\/([a-z-]+)/.exec(specifier);
  if (!ours) return specifier;
  const name = ours[1] as string;
  const inPackages = [...adapters, ...foundations].includes(`packages/${name}`);
  return inPackages ? `packages/${name}` : `services/${name}`;
}

const isTest = (file: string) => file.endsWith('.test.ts') || file.includes('/testing/');
const isForBuilding = (file: string) => file.endsWith('/vite.config.ts');
const production = [...sources('packages'), ...sources('services')].filter(
  (file) => !isTest(file) && !isForBuilding(file),
);
const imports = production.flatMap(importsOf);

/** Imports that leave their room, as `from file → what`. */
function offending(rule: (i: Import) => boolean): string[] {
  return imports.filter(rule).map((i) => `${i.file} → ${i.specifier}`);
}

describe('imports go one way', () => {
  test('there is something to check', () => {
    expect(production.length).toBeGreaterThan(50);
    expect(imports.length).toBeGreaterThan(100);
  });

  test('the core imports zod and nothing else', () => {
    expect(
      offending((i) => i.from === 'packages/core' && !i.specifier.startsWith('.') && i.specifier !== 'zod'),
    ).toEqual([]);
  });

  test('the core has no clock, no chance, no console and no environment of its own', () => {
    const forbidden = /\bDate\.now\(|new Date\(\)|Math\.random\(|console\.|process\.|setTimeout\(/;
    const core = production.filter((file) => file.startsWith('packages/core/'));
    expect(core.filter((file) => forbidden.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  test('no adapter imports another', () => {
    expect(
      offending(
        (i) =>
          adapters.includes(i.from) && adapters.includes(roomOf(i.target)) && roomOf(i.target) !== i.from,
      ),
    ).toEqual([]);
  });

  test('what every room may build on builds on no room', () => {
    const ours = (i: Import) => /^(packages|services)\//.test(i.target) && roomOf(i.target) !== i.from;
    expect(offending((i) => foundations.includes(i.from) && ours(i))).toEqual([]);
  });

  test('no package imports a service', () => {
    expect(offending((i) => i.from.startsWith('packages/') && i.target.startsWith('services/'))).toEqual([]);
  });

  test('no service but the command line imports another', () => {
    expect(
      offending(
        (i) =>
          i.from.startsWith('services/') &&
          i.target.startsWith('services/') &&
          roomOf(i.target) !== i.from &&
          !wiresAFleet.includes(i.from),
      ),
    ).toEqual([]);
  });

  test('the dashboard knows the fleet by its client alone, and nothing of Node', () => {
    const allowed = /^(\.|preact|uplot|@mcp-fleet\/client$)/;
    expect(offending((i) => i.from === 'services/dashboard' && !allowed.test(i.specifier))).toEqual([]);
  });

  test('no import by path leaves its package', () => {
    expect(offending((i) => i.specifier.startsWith('.') && roomOf(i.target) !== i.from)).toEqual([]);
  });

  test.each(Object.entries(vendors))('%s is imported only where it belongs', (vendor, rooms) => {
    const isVendor = (specifier: string) => specifier === vendor || specifier.startsWith(`${vendor}/`);
    expect(offending((i) => isVendor(i.specifier) && !rooms.includes(i.from))).toEqual([]);
  });

  test('there is no cycle between files', () => {
    expect(findCycle()).toBeNull();
  });
});

test('every package depends on what it imports, and on nothing else of ours', () => {
  const wrong: string[] = [];
  for (const room of new Set(production.map(roomOf))) {
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, room, 'package.json'), 'utf8'));
    const used = new Set(imports.filter((i) => i.from === room).map((i) => packageName(i.specifier)));
    for (const name of used)
      if (name && !(name in dependencies)) wrong.push(`${room} imports ${name} undeclared`);
    for (const name of Object.keys(dependencies)) {
      if (!used.has(name)) wrong.push(`${room} declares ${name} and does not import it`);
    }
  }
  expect(wrong).toEqual([]);
});

function packageName(specifier: string): string | null {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return null;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The first cycle of imports by path, as a list of files. */
function findCycle(): string[] | null {
  const edges = new Map<string, string[]>();
  for (const i of imports.filter((each) => each.specifier.startsWith('.'))) {
    edges.set(i.file, [...(edges.get(i.file) ?? []), i.target]);
  }
  const done = new Set<string>();
  const visit = (file: string, path: string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const next of edges.get(file) ?? []) {
      const cycle = visit(next, [...path, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return null;
  };
  for (const file of edges.keys()) {
    const cycle = visit(file, []);
    if (cycle) return cycle;
  }
  return null;
}
