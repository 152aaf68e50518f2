import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A code block of a page, and what the comment before it says about testing it (`<!-- doc-test: … -->`). */
export interface Block {
  page: string;
  line: number;
  language: string;
  code: string;
  note: string | null;
}

const fence = /(?:<!-- doc-test: (.*?) ?-->\n)?^```(\w*)\n(.*?)^```$/gms;

export const readPage = (page: string): string => readFileSync(join(root, page), 'utf8');

export function blocksOf(page: string): Block[] {
  const text = readPage(page);
  return [...text.matchAll(fence)].map(({ index, 1: note = null, 2: language = '', 3: code = '' }) => ({
    ...{ page, language, code, note },
    line: text.slice(0, index).split('\n').length,
  }));
}

/** Every page that people read, by its path in the project. */
export const pages = (): string[] => globSync('{*.md,docs/**/*.md,examples/**/*.md}', { cwd: root }).sort();
