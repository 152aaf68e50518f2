import { safeties, type ToolName } from '../servers/behaviour.ts';
import type { Check } from './check.ts';

/** Invariant 4: an unsafe call reaches its server at most once, unless its policy is to repeat it. */
export const unsafeOnce: Check = {
  name: 'unsafe once',
  find({ ledger }) {
    const found: { id: string | null; what: string }[] = [];
    for (const [key, entries] of Map.groupBy(ledger, (entry) => entry.key)) {
      const [first] = entries;
      const id = key.split('.')[0] || null;
      const calls = new Set(entries.map(({ server, tool, n }) => `${server} ${tool} ${n}`));
      if (key === '') found.push({ id, what: `${entries.length} calls came without an idempotency key` });
      else if (calls.size > 1)
        found.push({ id, what: `key ${key} names two calls: ${[...calls].join(', ')}` });
      const rule = safeties[first?.tool as ToolName];
      const once = rule.safety === 'unsafe' && !('unknownOutcome' in rule);
      if (once && entries.length > 1) {
        const times = entries.map(({ at }) => new Date(at).toISOString().slice(11, 23)).join(', ');
        found.push({ id, what: `${first?.tool} ${key} took effect ${entries.length} times (${times})` });
      }
    }
    return found;
  },
};
