import type { IncomingHttpHeaders } from 'node:http';
import { ApiFault } from './api-fault.ts';
import type { Conversation, Reply } from './conversation.ts';

/** One vendor's wire format: how its requests are read, and how replies and refusals are written. */
export interface ModelApi {
  /** Reads and validates a request. Throws ApiFault. */
  read(body: unknown, headers: IncomingHttpHeaders): Conversation;
  renderReply(reply: Reply, conversation: Conversation): string;
  /** The server-sent events of a reply, one frame a string. */
  renderFrames(reply: Reply, conversation: Conversation): string[];
  renderFault(fault: ApiFault, requestId: string): string;
  /** A fault that comes after the status 200 of a stream. */
  renderFaultFrame(fault: ApiFault, requestId: string): string;
}

/** The body as an object, or a refusal. */
export function asObject(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new ApiFault(400, `${where}: Input should be a valid dictionary`);
}

/** The model's name, refused when it is not one of the simulator's. */
export function modelName(value: unknown): string {
  if (typeof value !== 'string') throw new ApiFault(400, 'model: Field required');
  if (value.startsWith('simulated')) return value;
  throw new ApiFault(404, `model: ${value}`, { code: 'model_not_found', param: 'model' });
}
