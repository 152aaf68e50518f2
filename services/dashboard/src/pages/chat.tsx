import { useState } from 'preact/hooks';
import { fleet } from '../fleet.ts';
import { shorten } from '../format.ts';
import { Composer } from '../parts/composer.tsx';
import { ErrorNote } from '../parts/error-note.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { href } from '../route.ts';
import { useReading } from '../use-reading.ts';

const longestTitle = 60;

/** Begins a conversation; it goes on at its session's page. */
export function Chat() {
  const agents = useReading(() => fleet().agents.list({ limit: 100 }), 'agents', null);
  const [agent, setAgent] = useState('default');
  const send = async (query: string) => {
    const session = await fleet().sessions.create({
      agent,
      metadata: { title: shorten(query, longestTitle) },
    });
    await fleet().jobs.create({ query, session_id: session.id });
    location.hash = href('session', session.id);
  };
  return (
    <>
      <PageHead title="Chat" />
      <p>What you write goes into the queue; a worker takes it, and the conversation stays in the store.</p>
      <ErrorNote error={agents.error} />
      <label>
        Agent
        <select value={agent} onChange={(event) => setAgent(event.currentTarget.value)}>
          {(agents.data?.data ?? [{ id: 'default', settings: { model: '' } }]).map(({ id, settings }) => (
            <option key={id} value={id}>
              {settings.model ? `${id} (${settings.model})` : id}
            </option>
          ))}
        </select>
      </label>
      <Composer send={send} />
    </>
  );
}
