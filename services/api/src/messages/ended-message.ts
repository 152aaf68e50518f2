import { type ContextStore, FleetError, type Job, type ReplyStep } from '@mcp-fleet/core';
import type { MessageView } from '../schemas/messages.ts';
import { faultOfJob } from './fault-of.ts';
import { messageView } from './message-view.ts';

/** The message of a job that has ended; throws its fault when it has none. */
export async function endedMessage(store: Pick<ContextStore, 'steps'>, job: Job): Promise<MessageView> {
  if (job.state !== 'succeeded') throw faultOfJob(job);
  const steps = await store.steps(job.id);
  const reply = steps.findLast((step): step is ReplyStep => step.kind === 'reply');
  if (reply) return messageView(job, reply);
  throw new FleetError('internal', `The succeeded job ${job.id} has no reply.`);
}
