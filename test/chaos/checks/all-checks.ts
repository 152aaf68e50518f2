import type { Check, Evidence, Violation } from './check.ts';
import { expectedFailures } from './expected-failures.ts';
import { legalConversations } from './legal-conversations.ts';
import { lineOrder } from './line-order.ts';
import { noReplyTwice } from './no-reply-twice.ts';
import { noResultTwice } from './no-result-twice.ts';
import { nothingLeft } from './nothing-left.ts';
import { oneEnd } from './one-end.ts';
import { oneJobPerKey } from './one-job-per-key.ts';
import { oneResultALine } from './one-result-a-line.ts';
import { resultsInLedger } from './results-in-ledger.ts';
import { sameBytesSent } from './same-bytes-sent.ts';
import { sessionOrder } from './session-order.ts';
import { unchangedSteps } from './unchanged-steps.ts';
import { unsafeOnce } from './unsafe-once.ts';
import { wholeTurns } from './whole-turns.ts';

/** Every promise that the suite looks after. */
export const allChecks: readonly Check[] = [
  oneEnd,
  oneJobPerKey,
  expectedFailures,
  unchangedSteps,
  legalConversations,
  wholeTurns,
  sessionOrder,
  sameBytesSent,
  noReplyTwice,
  noResultTwice,
  unsafeOnce,
  resultsInLedger,
  oneResultALine,
  lineOrder,
  nothingLeft,
];

/** Runs every check. One that cannot make sense of the evidence is itself a violation. */
export function checkAll(evidence: Evidence): Violation[] {
  return allChecks.flatMap((check) => {
    try {
      return check.find(evidence).map((found) => ({ check: check.name, ...found }));
    } catch (thrown) {
      const what = `the check itself failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
      return [{ check: check.name, id: null, what }];
    }
  });
}
