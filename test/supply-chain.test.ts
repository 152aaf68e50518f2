import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(`${root}/${path}`, 'utf8');

/** What the packages and services say that they depend on, ours left out. */
const direct = new Set(
  globSync('{packages,services}/*/package.json', { cwd: root })
    .flatMap((path) => Object.keys((JSON.parse(read(path)) as { dependencies?: object }).dependencies ?? {}))
    .filter((name) => !name.startsWith('@mcp-fleet/')),
);

test('every dependency has its reason, and every reason its dependency', () => {
  const table = read('docs/dependencies.md')
    .split('\n')
    .filter((line) => /^\| [^-d]/.test(line));
  // `@opentelemetry/api, sdk-trace` leaves the scope of those that follow to the first.
  const documented = table.flatMap((line) => {
    const names = (line.split('|')[1] ?? '').split(',').map((name) => name.trim());
    const [scope] = (names[0] ?? '').split('/');
    return names.map((name, n) =>
      n > 0 && !name.includes('/') && scope?.startsWith('@') ? `${scope}/${name}` : name,
    );
  });
  const named = (name: string) => documented.some((each) => name === each || name.startsWith(`${each}-`));
  expect([...direct].filter((name) => !named(name))).toEqual([]);
  expect(
    documented.filter((each) => ![...direct].some((name) => name === each || name.startsWith(`${each}-`))),
  ).toEqual([]);
});

describe('the bill of materials', () => {
  let components: { name: string; version: string; licenses?: unknown[]; hashes?: unknown[] }[];
  beforeAll(() => {
    const text = execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: root, encoding: 'utf8' });
    const bom = JSON.parse(text) as { bomFormat: string; components: typeof components };
    expect(bom.bomFormat).toBe('CycloneDX');
    components = bom.components;
  });

  test('has every dependency of production with its version, and none of development', () => {
    const names = new Set(components.map(({ name }) => name));
    expect([...direct].filter((name) => !names.has(name))).toEqual([]);
    expect(components.filter(({ version }) => !/^\d/.test(version))).toEqual([]);
    for (const name of ['vitest', 'vite', 'playwright-core']) expect(names).not.toContain(name);
  });
});

test('what is installed is what was locked, by its hash', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { integrity?: string; link?: boolean; inBundle?: boolean }>;
  };
  const installed = Object.entries(packages).filter(
    ([path, { link, inBundle }]) => path.startsWith('node_modules/') && !link && !inBundle,
  );
  expect(installed.length).toBeGreaterThan(100);
  expect(
    installed.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path),
  ).toEqual([]);
});

test('every image has a version, or the one that is built here', () => {
  const files = ['docker-compose.yml', ...globSync('k8s/**/*.yaml', { cwd: root }), 'Dockerfile'];
  const images = files.flatMap((file) => {
    const found = read(file).matchAll(/(?:^|[\s{])(?:image: |ARG NODE_IMAGE=)"?([^\s",}]+)/gm);
    return [...found].map(([, image = '']) => ({ file, image }));
  });
  expect(images.length).toBeGreaterThan(5);
  const ours = /^mcp-fleet(:local)?$/;
  const pinned = /(:v?\d+\.?[\w.-]*|@sha256:[0-9a-f]{64})$/;
  expect(images.filter(({ image }) => !ours.test(image) && !pinned.test(image))).toEqual([]);
});
