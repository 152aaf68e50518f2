import type { ContentBlock, Message } from '@mcp-fleet/client';
import { href } from '../route.ts';
import type { JobProgress } from '../use-job-events.ts';
import { Blocks } from './blocks.tsx';
import { StateBadge } from './state-badge.tsx';

/** The messages of a session, and what its job writes now. */
export function Conversation({
  messages,
  progress,
  asks,
}: {
  messages: Message[];
  progress: JobProgress | null;
  /** True when a call of the job waits for a decision. */
  asks: boolean;
}) {
  return (
    <ol class="conversation" aria-label="Conversation">
      {messages.map(({ id, job_id, role, content }) => (
        <li key={id} class={isOutput(content) ? 'tool' : role}>
          <span class="speaker">
            {isOutput(content) ? 'Tools' : speakers[role]} <a href={href('job', job_id)}>job</a>
          </span>
          <Blocks content={content} />
        </li>
      ))}
      {progress ? <Now progress={progress} asks={asks} /> : null}
    </ol>
  );
}

const speakers = { user: 'You', assistant: 'Fleet' };

const isOutput = (content: ContentBlock[]) => content.some(({ type }) => type === 'tool_result');

function Now({ progress: { text, calls, waits }, asks }: { progress: JobProgress; asks: boolean }) {
  return (
    <li class="assistant live" aria-live="polite">
      <span class="speaker">
        Fleet <StateBadge state={waits || asks ? 'waiting' : 'running'} />
      </span>
      {text ? <p class="text">{text}</p> : null}
      {calls.map(({ slot, tool, says }) => (
        <p key={slot} class="quiet">
          Calls {tool} {says}
        </p>
      ))}
      {waits ? <p class="quiet">Waits: {waits.reason}</p> : null}
    </li>
  );
}
