import type { TenantLimits } from '@mcp-fleet/client';
import { useState } from 'preact/hooks';
import { fleet } from '../fleet.ts';
import { useAction } from '../use-action.ts';
import { ErrorNote } from './error-note.tsx';

const fields = {
  requests_per_minute: 'Requests a minute',
  queued_jobs: 'Jobs that wait',
  running_jobs: 'Jobs that run',
  daily_cost_usd: 'US dollars a day',
  weight: 'Weight among batches',
} as const satisfies Partial<Record<keyof TenantLimits, string>>;

const names = Object.keys(fields) as (keyof typeof fields)[];

/** Reads and sets the limits of a tenant. */
export function LimitsForm() {
  const [tenant, setTenant] = useState('');
  const [limits, setLimits] = useState<TenantLimits | null>(null);
  const [saved, setSaved] = useState(false);
  const { busy, error, run } = useAction();
  const read = (event: SubmitEvent) => {
    event.preventDefault();
    setSaved(false);
    void run(async () => setLimits(await fleet().tenants.limits(tenant.trim())));
  };
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const numbers = names.map((name) => [name, data.get(name) === '' ? null : Number(data.get(name))]);
    const wanted = Object.fromEntries(
      numbers.filter(([name, n]) => name !== 'weight' || n !== null),
    ) as TenantLimits;
    void run(async () => {
      setLimits(await fleet().tenants.setLimits(tenant.trim(), wanted));
      setSaved(true);
    });
  };
  return (
    <section class="card" aria-labelledby="limits">
      <h2 id="limits">Limits of a tenant</h2>
      <form onSubmit={read}>
        <label>
          Tenant
          <input value={tenant} required onInput={(event) => setTenant(event.currentTarget.value)} />
        </label>
        <button type="submit" disabled={busy}>
          Read its limits
        </button>
      </form>
      {limits ? (
        <form onSubmit={save}>
          {names.map((name) => (
            <label key={name}>
              {fields[name]}
              <input
                name={name}
                type="number"
                min="0"
                step="any"
                placeholder="no limit"
                defaultValue={limits[name] ?? ''}
              />
            </label>
          ))}
          <button type="submit" disabled={busy}>
            Set the limits
          </button>
          {saved ? <span role="status"> They hold from now on.</span> : null}
        </form>
      ) : null}
      <ErrorNote error={error} />
    </section>
  );
}
