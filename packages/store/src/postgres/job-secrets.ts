import { jobWebhookId } from '@mcp-fleet/core';
import type { Database } from './database.ts';

interface SecretsRow {
  secrets: string[];
}

/** Kept as a webhook without a URL, so that deliveries to the webhooks of jobs are claimed as all others are. */
const insertSecrets = `
  WITH made AS (
    INSERT INTO fleet.webhooks (id, tenant, url, secrets, events, description, of_jobs)
    VALUES ($1, $2, '', ARRAY[$3::text], '{}', '', true)
    ON CONFLICT (id) DO NOTHING RETURNING secrets
  )
  SELECT secrets FROM made UNION ALL SELECT secrets FROM fleet.webhooks WHERE id = $1 LIMIT 1`;

const readSecrets = 'SELECT secrets FROM fleet.webhooks WHERE id = $1';

export async function jobSecrets(database: Database, tenant: string, fresh: string): Promise<string[]> {
  const id = jobWebhookId(tenant);
  const [row] = await database.flushed<SecretsRow>('make_job_secrets', insertSecrets, [id, tenant, fresh]);
  if (row) return row.secrets;
  // Another's insert was committed after this statement had begun, which does not see it.
  const [standing] = await database.lazy<SecretsRow>('job_secrets', readSecrets, [id]);
  return standing?.secrets ?? [];
}

export async function setJobSecrets(
  database: Database,
  tenant: string,
  secrets: readonly string[],
): Promise<void> {
  const text = 'UPDATE fleet.webhooks SET secrets = $2, updated_at = now() WHERE id = $1';
  await database.flushed('set_job_secrets', text, [jobWebhookId(tenant), secrets]);
}
