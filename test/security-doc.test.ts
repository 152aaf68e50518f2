import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

test.each(['SECURITY.md', 'docs/security-requirements.md'])('every test that %s names is there', (page) => {
  const text = readFileSync(`${root}/${page}`, 'utf8');
  const named = [...text.matchAll(/`((?:[\w.-]+\/)*[\w.-]+\.ts)`/g)].map(([, path]) => String(path));
  expect(named.length).toBeGreaterThan(15);
  const all = globSync('{test,packages,services}/**/*.ts', {
    cwd: root,
    exclude: (path) => path.includes('node_modules'),
  });
  const names = new Set(all.map((path) => basename(path)));
  const missing = named.filter((path) =>
    path.includes('/') ? !existsSync(`${root}/${path}`) : !names.has(path),
  );
  expect(missing).toEqual([]);
});
