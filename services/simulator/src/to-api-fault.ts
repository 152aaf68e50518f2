import { ApiFault } from './api-fault.ts';
import type { Fault } from './control.ts';

/** A fault that a test wrote down, as the refusal that it stands for. */
export function toApiFault(fault: Fault): ApiFault {
  const headers: Record<string, string> = {};
  if (fault.retry_after !== undefined) headers['retry-after'] = String(fault.retry_after);
  if (fault.retry_after_ms !== undefined) headers['retry-after-ms'] = String(fault.retry_after_ms);
  return new ApiFault(fault.status, fault.message, { type: fault.type, code: fault.code, headers });
}
