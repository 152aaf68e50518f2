import type { Job, JobEvent, Step } from '@mcp-fleet/client';
import { useEffect, useState } from 'preact/hooks';
import { fleet } from './fleet.ts';

/** What has happened to a job so far. */
export interface JobProgress {
  steps: Step[];
  /** The reply that the model is writing; empty between replies. */
  text: string;
  /** Calls that run now, by their place in the round. */
  calls: { slot: number; tool: string; says: string }[];
  waits: { until: string | null; reason: string } | null;
  ended: Job | null;
  error: Error | null;
}

const nothing: JobProgress = { steps: [], text: '', calls: [], waits: null, ended: null, error: null };

/** Follows a job from its first step on, while the page is shown; null follows none. */
export function useJobEvents(id: string | null): JobProgress {
  const [progress, setProgress] = useState(nothing);
  useEffect(() => {
    setProgress(nothing);
    if (id === null) return;
    const gone = new AbortController();
    void follow(id, gone.signal, (change) => {
      if (!gone.signal.aborted) setProgress(change);
    });
    return () => gone.abort();
  }, [id]);
  return progress;
}

type Change = (progress: JobProgress) => JobProgress;

async function follow(id: string, signal: AbortSignal, change: (by: Change) => void): Promise<void> {
  try {
    for await (const event of fleet().jobs.stream(id, signal)) change((before) => after(before, event));
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    if (!signal.aborted) change((before) => ({ ...before, error }));
  }
}

function after(before: JobProgress, { event, data }: JobEvent): JobProgress {
  switch (event) {
    case 'model_started':
      return { ...before, text: '', waits: null };
    case 'text_delta':
      return { ...before, text: before.text.slice(0, data.offset) + data.text };
    case 'tool_started':
      return { ...before, waits: null, calls: [...without(before, data.slot), { ...data, says: '' }] };
    case 'tool_progress': {
      const says = data.message ?? `${data.progress}${data.total === null ? '' : ` of ${data.total}`}`;
      return {
        ...before,
        calls: [...without(before, data.slot), { slot: data.slot, tool: data.tool, says }],
      };
    }
    case 'step':
      return {
        ...before,
        waits: null,
        steps: [...before.steps, data],
        text: data.type === 'reply' ? '' : before.text,
        calls: data.type === 'reply' ? [] : without(before, data.slot),
      };
    case 'waiting':
      return { ...before, waits: data, text: '', calls: [] };
    case 'ended':
      return { ...before, waits: null, text: '', calls: [], ended: data };
  }
}

const without = ({ calls }: JobProgress, slot: number) => calls.filter((call) => call.slot !== slot);
