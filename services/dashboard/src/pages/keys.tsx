import { useState } from 'preact/hooks';
import { fleet } from '../fleet.ts';
import { time } from '../format.ts';
import { ActionButton } from '../parts/action-button.tsx';
import { LimitsForm } from '../parts/limits-form.tsx';
import { Listing } from '../parts/listing.tsx';
import { NewKeyForm } from '../parts/new-key-form.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { useList } from '../use-list.ts';

export function Keys() {
  const [all, setAll] = useState(false);
  const list = useList(
    (limit) => fleet().keys.list({ limit, ...(all ? { all_tenants: true } : {}) }),
    `${all}`,
  );
  const [shown, setShown] = useState<string | null>(null);
  const made = (key: string) => {
    setShown(key);
    list.reload();
  };
  return (
    <>
      <PageHead title="Keys and limits" />
      {shown ? (
        <p class="note" role="status">
          The new key, which is not shown again: <code class="secret">{shown}</code>
        </p>
      ) : null}
      <label class="check">
        <input type="checkbox" checked={all} onChange={(event) => setAll(event.currentTarget.checked)} /> Keys
        of all tenants (needs the scope operator)
      </label>
      <Listing
        list={list}
        label="API keys"
        columns={['Name', 'Tenant', 'Scopes', 'Last used', 'State', 'Change']}
        empty="No keys yet."
        row={(key) => (
          <tr key={key.id}>
            <td>{key.name || key.id}</td>
            <td>{key.tenant}</td>
            <td class="wide">{key.scopes.join(', ')}</td>
            <td>{key.last_used_at ? time(key.last_used_at) : 'never'}</td>
            <td>
              <StateBadge state={stateOf(key)} />
            </td>
            <td>
              {key.revoked_at ? null : (
                <>
                  <ActionButton work={async () => made((await fleet().keys.rotate(key.id)).key)}>
                    Rotate
                  </ActionButton>
                  <ActionButton
                    confirm="Yes, revoke it"
                    work={() => fleet().keys.revoke(key.id).then(list.reload)}
                  >
                    Revoke
                  </ActionButton>
                </>
              )}
            </td>
          </tr>
        )}
      />
      <NewKeyForm made={made} />
      <LimitsForm />
    </>
  );
}

function stateOf({
  revoked_at,
  expires_at,
}: {
  revoked_at: string | null;
  expires_at: string | null;
}): string {
  if (revoked_at) return 'revoked';
  return expires_at && Date.parse(expires_at) < Date.now() ? 'expired' : 'live';
}
