/**
 * Migrations in order; each runs once, in one transaction with its entry in `fleet.migrations`. A migration
 * that has been released is never edited: the next change is the next entry.
 *
 * Bodies are JSON as text, not jsonb: jsonb reorders keys, and what was sent to a model once has to be sent
 * again byte for byte.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE fleet.sessions (
    id text PRIMARY KEY,
    tenant text NOT NULL,
    agent text NOT NULL,
    metadata text NOT NULL,
    active_job text,
    next_turn int NOT NULL DEFAULT 1,
    context_from int NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX sessions_by_tenant ON fleet.sessions (tenant, id);
  CREATE INDEX sessions_held ON fleet.sessions (updated_at) WHERE active_job IS NOT NULL;

  CREATE TABLE fleet.jobs (
    id text PRIMARY KEY,
    tenant text NOT NULL,
    session_id text,
    turn int,
    state text NOT NULL DEFAULT 'queued',
    agent text NOT NULL,
    query text NOT NULL,
    metadata text NOT NULL,
    format int NOT NULL,
    epoch int NOT NULL DEFAULT 0,
    crashes int NOT NULL DEFAULT 0,
    crash_steps int NOT NULL DEFAULT 0,
    transient_failures int NOT NULL DEFAULT 0,
    wait_until timestamptz,
    wait_reason text,
    answer text,
    stop_reason text,
    error text,
    totals text,
    idempotency_key text,
    request_hash text,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    ended_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE UNIQUE INDEX jobs_by_idempotency_key ON fleet.jobs (tenant, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
  CREATE UNIQUE INDEX jobs_by_turn ON fleet.jobs (session_id, turn) WHERE session_id IS NOT NULL;
  CREATE INDEX jobs_by_tenant ON fleet.jobs (tenant, id);
  CREATE INDEX jobs_unended ON fleet.jobs (created_at) WHERE state IN ('queued', 'running', 'waiting');

  CREATE TABLE fleet.steps (
    job_id text NOT NULL,
    round int NOT NULL,
    slot int NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job_id, round, slot)
  );
  CREATE TABLE fleet.claims (
    job_id text NOT NULL,
    round int NOT NULL,
    slot int NOT NULL,
    epoch int NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job_id, round, slot)
  );
  CREATE TABLE fleet.toolsets (hash text PRIMARY KEY, body text NOT NULL);
  CREATE TABLE fleet.blobs (
    id text PRIMARY KEY,
    tenant text NOT NULL,
    job_id text NOT NULL,
    media_type text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE TABLE fleet.blob_chunks (
    blob_id text NOT NULL REFERENCES fleet.blobs (id) ON DELETE CASCADE,
    n int NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (blob_id, n)
  );
  `,
  `
  ALTER TABLE fleet.claims ADD COLUMN owner text NOT NULL DEFAULT '';
  ALTER TABLE fleet.sessions ADD COLUMN on_busy text NOT NULL DEFAULT 'enqueue';
  ALTER TABLE fleet.jobs RENAME COLUMN transient_failures TO model_failures;
  ALTER TABLE fleet.jobs
    ADD COLUMN tool_failures int NOT NULL DEFAULT 0,
    ADD COLUMN not_before timestamptz,
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN deadline timestamptz,
    ADD COLUMN steers boolean NOT NULL DEFAULT false,
    ADD COLUMN joined text,
    ADD COLUMN interrupted boolean NOT NULL DEFAULT false,
    ADD COLUMN replay_of text,
    ADD COLUMN error_code text;
  DROP INDEX fleet.jobs_unended;
  CREATE INDEX jobs_unended ON fleet.jobs (id) WHERE state IN ('queued', 'running', 'waiting');
  CREATE INDEX jobs_failed ON fleet.jobs (tenant, error_code, id) WHERE error_code IS NOT NULL;
  CREATE INDEX jobs_by_deadline ON fleet.jobs (least(deadline, expires_at))
    WHERE state IN ('queued', 'running', 'waiting') AND (deadline IS NOT NULL OR expires_at IS NOT NULL);
  CREATE INDEX jobs_joined ON fleet.jobs (joined) WHERE joined IS NOT NULL AND state = 'waiting';
  CREATE INDEX jobs_steering ON fleet.jobs (session_id) WHERE steers AND state = 'queued';
  `,
  `
  CREATE TABLE fleet.api_keys (
    id text PRIMARY KEY,
    tenant text NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
  );
  CREATE INDEX api_keys_by_tenant ON fleet.api_keys (tenant, id DESC);
  CREATE TABLE fleet.tenants (
    id text PRIMARY KEY,
    requests_per_minute int,
    queued_jobs int,
    running_jobs int
  );
  CREATE INDEX jobs_open ON fleet.jobs (tenant, state) WHERE state IN ('queued', 'running', 'waiting');
  CREATE INDEX blobs_by_job ON fleet.blobs (job_id);
  `,
  `
  ALTER TABLE fleet.jobs ADD COLUMN decided boolean NOT NULL DEFAULT false;
  CREATE TABLE fleet.approvals (
    job_id text NOT NULL,
    round int NOT NULL,
    slot int NOT NULL,
    tenant text NOT NULL,
    tool_use_id text NOT NULL,
    tool text NOT NULL,
    input text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    decision text,
    decided_at timestamptz,
    PRIMARY KEY (job_id, round, slot)
  );
  CREATE INDEX approvals_by_tenant ON fleet.approvals (tenant, job_id, round, slot);
  CREATE INDEX approvals_pending ON fleet.approvals (tenant, job_id, round, slot) WHERE decision IS NULL;
  `,
  `
  CREATE TABLE fleet.webhooks (
    id text PRIMARY KEY,
    tenant text NOT NULL,
    url text NOT NULL,
    secrets text[] NOT NULL,
    events text[] NOT NULL,
    description text NOT NULL,
    disabled text,
    enabled_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX webhooks_by_tenant ON fleet.webhooks (tenant, id);
  CREATE TABLE fleet.deliveries (
    id text PRIMARY KEY,
    webhook_id text NOT NULL REFERENCES fleet.webhooks (id) ON DELETE CASCADE,
    tenant text NOT NULL,
    job_id text NOT NULL,
    event text NOT NULL,
    event_id text NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    outcome text,
    status int,
    error text,
    duration_ms int,
    next_attempt_at timestamptz DEFAULT now(),
    delivered_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (webhook_id, event_id)
  );
  CREATE INDEX deliveries_by_webhook ON fleet.deliveries (webhook_id, id);
  CREATE INDEX deliveries_due ON fleet.deliveries (webhook_id, next_attempt_at)
    WHERE next_attempt_at IS NOT NULL;
  ALTER TABLE fleet.jobs ADD COLUMN announced boolean NOT NULL DEFAULT false;
  CREATE INDEX jobs_unannounced ON fleet.jobs (tenant, ended_at) WHERE ended_at IS NOT NULL AND NOT announced;
  `,
  `
  CREATE TABLE fleet.agents (
    tenant text NOT NULL,
    name text NOT NULL,
    version int NOT NULL,
    spec text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, name, version)
  );
  `,
  `
  CREATE TABLE fleet.batches (
    id text PRIMARY KEY,
    tenant text NOT NULL,
    surface text NOT NULL,
    state text NOT NULL DEFAULT 'uploading',
    agent text NOT NULL,
    agents text NOT NULL DEFAULT '{}',
    on_invalid text NOT NULL,
    metadata text NOT NULL,
    bytes bigint NOT NULL DEFAULT 0,
    last_line int NOT NULL DEFAULT 0,
    waiting int NOT NULL DEFAULT 0,
    open int NOT NULL DEFAULT 0,
    succeeded int NOT NULL DEFAULT 0,
    errored int NOT NULL DEFAULT 0,
    canceled int NOT NULL DEFAULT 0,
    expired int NOT NULL DEFAULT 0,
    invalid int NOT NULL DEFAULT 0,
    input_tokens bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    cache_read_tokens bigint NOT NULL DEFAULT 0,
    cache_write_tokens bigint NOT NULL DEFAULT 0,
    model_calls bigint NOT NULL DEFAULT 0,
    tool_calls bigint NOT NULL DEFAULT 0,
    step_ms float8 NOT NULL DEFAULT 0,
    cost bigint NOT NULL DEFAULT 0,
    unpriced int NOT NULL DEFAULT 0,
    budget_cost bigint,
    budget_tokens bigint,
    pause_reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    finalized_at timestamptz,
    expires_at timestamptz NOT NULL,
    cancel_requested_at timestamptz,
    ended_at timestamptz
  );
  CREATE INDEX batches_by_tenant ON fleet.batches (tenant, surface, id);
  CREATE INDEX batches_unended ON fleet.batches (id) WHERE state <> 'ended';
  CREATE TABLE fleet.batch_lines (
    batch_id text NOT NULL,
    n int NOT NULL,
    run int NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'waiting',
    custom_id text,
    session_id text,
    job_id text,
    opened_at timestamptz,
    body text,
    problem text,
    PRIMARY KEY (batch_id, n)
  );
  CREATE UNIQUE INDEX batch_lines_by_custom_id ON fleet.batch_lines (batch_id, custom_id)
    WHERE custom_id IS NOT NULL;
  CREATE INDEX batch_lines_waiting ON fleet.batch_lines (batch_id, n) WHERE state = 'waiting';
  CREATE INDEX batch_lines_ended ON fleet.batch_lines (batch_id, n) WHERE state NOT IN ('waiting', 'open');
  CREATE INDEX batch_lines_open ON fleet.batch_lines (batch_id, n) WHERE state = 'open';
  ALTER TABLE fleet.jobs ADD COLUMN batch_id text;
  ALTER TABLE fleet.tenants ADD COLUMN weight float8;
  CREATE TABLE fleet.shares (tenant text PRIMARY KEY, used float8 NOT NULL DEFAULT 0);
  `,
  `
  CREATE TABLE fleet.offline_calls (
    job_id text PRIMARY KEY,
    tenant text NOT NULL,
    round int NOT NULL,
    custom_id text NOT NULL,
    model text NOT NULL,
    toolset text NOT NULL,
    batch_id text,
    answer text,
    asked_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX offline_calls_waiting ON fleet.offline_calls (model, asked_at)
    WHERE batch_id IS NULL AND answer IS NULL;
  CREATE INDEX offline_calls_by_batch ON fleet.offline_calls (batch_id, custom_id) WHERE batch_id IS NOT NULL;
  CREATE TABLE fleet.upstream_batches (
    id text PRIMARY KEY,
    model text NOT NULL,
    state text NOT NULL DEFAULT 'claimed',
    upstream_id text UNIQUE,
    requests int,
    began_at timestamptz NOT NULL,
    sent_at timestamptz,
    ended_at timestamptz
  );
  CREATE INDEX upstream_batches_open ON fleet.upstream_batches (id)
    WHERE state IN ('claimed', 'sending', 'submitted', 'returning');
  CREATE INDEX upstream_batches_ended ON fleet.upstream_batches (ended_at DESC) WHERE state = 'ended';
  `,
  `
  ALTER TABLE fleet.jobs ADD COLUMN webhook text;
  ALTER TABLE fleet.webhooks
    ADD COLUMN of_jobs boolean NOT NULL DEFAULT false,
    ADD COLUMN failing_since timestamptz;
  ALTER TABLE fleet.deliveries ADD COLUMN url text;
  CREATE INDEX deliveries_by_job ON fleet.deliveries (job_id, id);
  CREATE INDEX deliveries_by_age ON fleet.deliveries (created_at) WHERE next_attempt_at IS NULL;
  ALTER TABLE fleet.approvals ADD COLUMN announced boolean NOT NULL DEFAULT false;
  CREATE INDEX approvals_unannounced ON fleet.approvals (tenant, requested_at) WHERE NOT announced;
  `,
  `
  ALTER TABLE fleet.jobs
    ADD COLUMN budget_cost bigint,
    ADD COLUMN budget_tokens bigint,
    ADD COLUMN budget_need text;
  `,
  `
  ALTER TABLE fleet.tenants ADD COLUMN daily_cost bigint;
  CREATE TABLE fleet.day_costs (
    tenant text NOT NULL,
    day date NOT NULL,
    part int NOT NULL,
    cost bigint NOT NULL,
    PRIMARY KEY (tenant, day, part)
  ) WITH (fillfactor = 50);
  `,
  // In UTC: an index takes no expression that depends on the time zone of whoever asks.
  `
  ALTER TABLE fleet.sessions ADD COLUMN ttl_seconds int;
  CREATE INDEX sessions_by_expiry
    ON fleet.sessions (((updated_at AT TIME ZONE 'UTC') + ttl_seconds * interval '1 second'))
    WHERE ttl_seconds IS NOT NULL AND active_job IS NULL;
  `,
  `
  ALTER TABLE fleet.jobs ADD COLUMN context text;
  `,
  `
  ALTER TABLE fleet.batch_lines
    ADD COLUMN spent_cost bigint,
    ADD COLUMN spent_tokens bigint,
    ADD COLUMN next_cost bigint,
    ADD COLUMN next_tokens bigint;
  `,
  `
  ALTER TABLE fleet.jobs ADD COLUMN trace text;
  `,
  `
  ALTER TABLE fleet.batches ADD COLUMN announced_end timestamptz;
  CREATE INDEX batches_unannounced ON fleet.batches (tenant, ended_at)
    WHERE ended_at IS NOT NULL AND ended_at IS DISTINCT FROM announced_end;
  `,
  `
  CREATE TABLE fleet.audit (
    tenant text NOT NULL,
    n int NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    details text NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (tenant, n)
  );
  `,
  `
  CREATE TABLE fleet.data_keys (
    id text PRIMARY KEY,
    tenant text NOT NULL,
    wrapped_by text NOT NULL,
    wrapped text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
  );
  CREATE INDEX data_keys_by_tenant ON fleet.data_keys (tenant, created_at);
  CREATE INDEX data_keys_by_wrapping ON fleet.data_keys (wrapped_by, id);
  `,
];

/** Serialises migrations of several processes; the number spells FLEE. */
export const migrationLock = 0x464c4545;
