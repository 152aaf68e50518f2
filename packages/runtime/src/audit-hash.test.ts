import type { AuditEntry } from '@mcp-fleet/core';
import { expect, test } from 'vitest';
import { auditHash, brokenEntry } from './audit-hash.ts';

function log(length: number): AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (let n = 1; n <= length; n += 1) {
    const entry = {
      tenant: 'acme',
      n,
      at: new Date(1_700_000_000_000 + n),
      actor: 'key_1',
      action: 'key.create',
      target: `key_${n}`,
      details: { status: 'ok', name: 'ci' },
      previous: entries.at(-1)?.hash ?? '',
    };
    entries.push({ ...entry, hash: auditHash(entry) });
  }
  return entries;
}

const rehashed = (entry: AuditEntry) => ({ ...entry, hash: auditHash(entry) });

test('a log as it was written is whole, and so is its end alone', () => {
  const entries = log(4);
  expect(brokenEntry(entries)).toBeNull();
  expect(brokenEntry(entries.slice(2), entries[1])).toBeNull();
});

test('the order in which details were written does not matter', () => {
  const [entry] = log(1) as [AuditEntry];
  expect(auditHash({ ...entry, details: { name: 'ci', status: 'ok' } })).toBe(entry.hash);
});

test.each<[string, (entries: AuditEntry[]) => AuditEntry[], number]>([
  ['a changed entry', (all) => all.map((e) => (e.n === 2 ? { ...e, actor: 'key_9' } : e)), 2],
  [
    'a changed entry with a new hash',
    (all) => all.map((e) => (e.n === 2 ? rehashed({ ...e, actor: 'key_9' }) : e)),
    3,
  ],
  ['an entry taken out', (all) => all.filter((e) => e.n !== 2), 3],
  ['an entry put twice', (all) => [all[0], ...all] as AuditEntry[], 1],
  ['a first entry taken away', (all) => all.slice(1), 2],
])('%s is found', (_what, change, n) => {
  expect(brokenEntry(change(log(4)))?.n).toBe(n);
});
