import { FleetApiError } from '@mcp-fleet/client';

/** What went wrong, with the request's id for whoever reads the log. */
export function ErrorNote({ error }: { error: Error | null }) {
  if (error === null) return null;
  const id = error instanceof FleetApiError ? error.requestId : null;
  return (
    <p class="note error" role="alert">
      {error.message}
      {id ? <small> Request {id}</small> : null}
    </p>
  );
}
