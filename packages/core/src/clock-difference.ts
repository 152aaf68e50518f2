/** Differences up to this many milliseconds are what NTP leaves, and what measuring adds. */
const toleratedMs = 2_000;

/**
 * How far another machine's clock is ahead of this one's, negative when it is behind. All in milliseconds since the
 * epoch: before the other was asked, what it said, after it had answered.
 */
export function clockDifference(askedAt: number, theirs: number, answeredAt: number): number {
  return theirs - (askedAt + answeredAt) / 2;
}

/** The warning about a clock that differs by more than NTP leaves; empty when it does not. */
export function clockWarnings(server: string, differenceMs: number): string[] {
  if (Math.abs(differenceMs) <= toleratedMs) return [];
  return [`${describeClock(server, differenceMs)} Waits and delays are off by as much; run NTP on both.`];
}

export function describeClock(server: string, differenceMs: number): string {
  const seconds = (Math.abs(differenceMs) / 1_000).toFixed(1);
  return `This machine's clock is ${seconds} s ${differenceMs > 0 ? 'behind' : 'ahead of'} that of ${server}.`;
}
