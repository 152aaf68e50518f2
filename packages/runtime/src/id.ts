import { randomFillSync } from 'node:crypto';
import { monotonicFactory } from 'ulid';

const bytes = new Uint8Array(4096);
let used = bytes.length;

/** As Math.random, from the system's source, which is asked for many bytes at a time. */
function random(): number {
  if (used === bytes.length) {
    randomFillSync(bytes);
    used = 0;
  }
  const byte = bytes[used] as number;
  used += 1;
  return byte / 256;
}

const next = monotonicFactory(random);

/** A new id such as `job_01k…`: sortable by time, with 80 random bits. */
export function newId(prefix: 'job' | 'sess' | 'key' | 'wh' | 'whd' | 'batch' | 'msgbatch' | 'ub'): string {
  return `${prefix}_${next().toLowerCase()}`;
}
