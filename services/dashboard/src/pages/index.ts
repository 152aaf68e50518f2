import type { ComponentType } from 'preact';
import type { PageProps } from '../page-props.ts';
import { Approvals } from './approvals.tsx';
import { AuditLog } from './audit-log.tsx';
import { Batch } from './batch.tsx';
import { Batches } from './batches.tsx';
import { Chat } from './chat.tsx';
import { DeadLetters } from './dead-letters.tsx';
import { Job } from './job.tsx';
import { Jobs } from './jobs.tsx';
import { Keys } from './keys.tsx';
import { Overview } from './overview.tsx';
import { Session } from './session.tsx';
import { Sessions } from './sessions.tsx';
import { Tools } from './tools.tsx';

/** By the first part of their address. */
export const pages: Record<string, ComponentType<PageProps>> = {
  '': Overview,
  jobs: Jobs,
  job: Job,
  chat: Chat,
  sessions: Sessions,
  session: Session,
  batches: Batches,
  batch: Batch,
  approvals: Approvals,
  tools: Tools,
  'dead-letters': DeadLetters,
  keys: Keys,
  audit: AuditLog,
};
