import { acceptsBeforeStoring } from './accepts-before-storing.ts';
import type { Defect } from './defect.ts';
import { ignoresKeys } from './ignores-keys.ts';
import { ignoresTail } from './ignores-tail.ts';
import { lastWriterWins } from './last-writer-wins.ts';
import { newestFirst } from './newest-first.ts';
import { noClaim } from './no-claim.ts';
import { noReconciler } from './no-reconciler.ts';
import { noStepIndex } from './no-step-index.ts';
import { repeatsUnknown } from './repeats-unknown.ts';
import { takesEnded } from './takes-ended.ts';

/** Every deliberate defect. */
export const allDefects: readonly Defect[] = [
  noClaim,
  repeatsUnknown,
  ignoresTail,
  takesEnded,
  lastWriterWins,
  noStepIndex,
  acceptsBeforeStoring,
  ignoresKeys,
  noReconciler,
  newestFirst,
];

/** The defect of a name; throws an Error that lists those that there are. */
export function defectNamed(name: string): Defect {
  const defect = allDefects.find((each) => each.name === name);
  if (defect) return defect;
  throw new Error(
    `There is no defect ${name}. There are: ${allDefects.map((each) => each.name).join(', ')}.`,
  );
}
