/** A message's id: its job, and its place among the messages of the job's turn, which never change once it ended. */
export const messageId = (jobId: string, n: number): string => `${jobId}.${n}`;

export interface MessagePlace {
  jobId: string;
  /** Counted from 0, the query. */
  n: number;
}

/** The place that an id names; null when it has another form. */
export function parseMessageId(id: string): MessagePlace | null {
  const [, jobId, n] = /^(.+)\.(\d{1,6})$/.exec(id) ?? [];
  return jobId === undefined ? null : { jobId, n: Number(n) };
}
