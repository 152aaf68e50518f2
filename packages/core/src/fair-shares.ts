/** A tenant that has lines waiting, as it stands when lines are chosen. */
export interface Contender {
  /** Work that it had so far (`workOf`), and what it is to have in proportion to others. */
  used: number;
  weight: number;
  /** Lines that were chosen before and have not ended, whose work is not in `used` yet. */
  open: number;
  /** Work that one of its lines is expected to be. */
  workOfOne: number;
  /** Most lines that can be chosen. */
  waiting: number;
}

/**
 * Chooses `room` lines among tenants so that the work they had, what is under way included, comes to stand in the
 * proportion of their weights: each line goes to whoever has had least for its weight. Returns how many each gets,
 * in the order of `contenders`.
 */
export function chooseFairly(contenders: readonly Contender[], room: number): number[] {
  const chosen = contenders.map(() => 0);
  const had = contenders.map(hadForWeight);
  for (let left = room; left > 0; left -= 1) {
    let next = -1;
    for (const [index, each] of contenders.entries()) {
      if ((chosen[index] as number) >= each.waiting) continue;
      if (next < 0 || (had[index] as number) < (had[next] as number)) next = index;
    }
    const tenant = contenders[next];
    if (tenant === undefined) break;
    chosen[next] = (chosen[next] as number) + 1;
    had[next] = (had[next] as number) + tenant.workOfOne / tenant.weight;
  }
  return chosen;
}

/**
 * The least that a tenant counts as having had: what the others who are at work have had for their weight. Otherwise
 * one that was away would be owed all the time of its absence, and starve the others until it had caught up. Null
 * when nobody is at work, or the tenant itself is.
 */
export function floorOf(tenant: Contender, others: readonly Contender[]): number | null {
  if (tenant.open > 0) return null;
  const atWork = others.filter((other) => other.open > 0);
  if (atWork.length === 0) return null;
  return Math.min(...atWork.map(hadForWeight)) * tenant.weight;
}

/** What a tenant had for its weight, what is under way included. */
const hadForWeight = ({ used, open, workOfOne, weight }: Contender): number =>
  (used + open * workOfOne) / weight;
