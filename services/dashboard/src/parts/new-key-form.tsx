import type { NewApiKey } from '@mcp-fleet/client';
import { fleet } from '../fleet.ts';
import { useAction } from '../use-action.ts';
import { ErrorNote } from './error-note.tsx';

const scopes: NewApiKey['scopes'] = [
  'jobs:read',
  'jobs:write',
  'sessions:read',
  'sessions:write',
  'agents:read',
  'agents:write',
  'tools:call',
  'approvals:write',
  'webhooks:write',
  'admin',
  'operator',
];

const usual = new Set<string>(['jobs:read', 'jobs:write', 'sessions:read', 'sessions:write']);

/** Makes a key. `made` is told its text, which the fleet shows this once. */
export function NewKeyForm({ made }: { made: (key: string) => void }) {
  const { busy, error, run } = useAction();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    const [name, tenant] = [String(data.get('name')), String(data.get('tenant')).trim()];
    const chosen = data.getAll('scope') as NewApiKey['scopes'];
    void run(async () => {
      const key = await fleet().keys.create({ name, scopes: chosen, ...(tenant ? { tenant } : {}) });
      form.reset();
      made(key.key);
    });
  };
  return (
    <form class="card" onSubmit={submit}>
      <h2>New key</h2>
      <label>
        Name
        <input name="name" required />
      </label>
      <label>
        Tenant, unless your own
        <input name="tenant" />
      </label>
      <fieldset>
        <legend>What it allows</legend>
        {scopes.map((scope) => (
          <label key={scope} class="check">
            <input type="checkbox" name="scope" value={scope} defaultChecked={usual.has(scope)} /> {scope}
          </label>
        ))}
      </fieldset>
      <button type="submit" disabled={busy}>
        Make the key
      </button>
      <ErrorNote error={error} />
    </form>
  );
}
