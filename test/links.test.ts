import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { pages, root } from './support/documentation.ts';

/** The anchors of a page's headings, as they are made where Markdown is shown. */
function anchorsOf(path: string): Set<string> {
  const headings = readFileSync(join(root, path), 'utf8').matchAll(/^#+ (.*)$/gm);
  const anchors = [...headings].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set(anchors);
}

function broken(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8').replace(/^```.*?^```$/gms, '');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links
    .filter((link) => !/^(https?:|mailto:)/.test(link))
    .filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : normalize(join(dirname(page), path));
      if (!existsSync(join(root, target))) return true;
      return (
        anchor !== undefined && (statSync(join(root, target)).isDirectory() || !anchorsOf(target).has(anchor))
      );
    })
    .map((link) => `${page}: ${link}`);
}

test('every link between the pages leads somewhere', () => {
  expect(pages().length).toBeGreaterThan(15);
  expect(pages().flatMap(broken)).toEqual([]);
});
