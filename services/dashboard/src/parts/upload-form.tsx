import { fleet } from '../fleet.ts';
import { href } from '../route.ts';
import { useAction } from '../use-action.ts';
import { ErrorNote } from './error-note.tsx';

/** Makes a batch of a file of JSON lines, which is sent piece by piece. */
export function UploadForm() {
  const { busy, error, run } = useAction();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const lines = new FormData(event.currentTarget as HTMLFormElement).get('lines') as File;
    void run(async () => {
      location.hash = href('batch', (await fleet().batches.create({ lines })).id);
    });
  };
  return (
    <form class="filters" onSubmit={submit}>
      <label>
        New batch, JSON lines such as {'{"query": "What is 6 times 7?"}'}
        <input name="lines" type="file" accept=".jsonl,.ndjson,.json,.txt" required />
      </label>
      <button type="submit" disabled={busy}>
        {busy ? 'Uploading…' : 'Upload and run'}
      </button>
      <ErrorNote error={error} />
    </form>
  );
}
