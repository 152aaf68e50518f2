import { monotonicFactory } from 'ulid';

const next = monotonicFactory();

/** A new id such as `job_01k…`: sortable by time, with 80 random bits. */
export function newId(prefix: 'job' | 'sess' | 'key' | 'wh' | 'whd' | 'batch' | 'msgbatch' | 'ub'): string {
  return `${prefix}_${next().toLowerCase()}`;
}
