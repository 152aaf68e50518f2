/**
 * Jobs wait in one of two queues, each with places of its own in every worker, so that neither a batch delays a
 * query nor queries starve a batch. The lane is part of the job's id: whoever holds an id knows its queue without
 * a read, and an id is never in both.
 */
export const lanes = ['interactive', 'batch'] as const;
export type Lane = (typeof lanes)[number];

const batchSuffix = '-b';

export const laneOf = (jobId: string): Lane => (jobId.endsWith(batchSuffix) ? 'batch' : 'interactive');

/** The id of a job of that lane, from one that is new. */
export const idInLane = (newJobId: string, lane: Lane): string =>
  lane === 'batch' ? `${newJobId}${batchSuffix}` : newJobId;
