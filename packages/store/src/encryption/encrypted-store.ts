import type { AgentSpec, Batch, ContextStore, Job, OfflineCall, StoredAgent, Webhook } from '@mcp-fleet/core';
import {
  approvalRecord,
  openAgent,
  openAnswer,
  openApproval,
  openJob,
  openQuery,
  openStep,
  openSteps,
  openTurn,
  sealAgent,
  sealAnswer,
  sealEnding,
  sealInput,
  sealJob,
  sealStep,
  sealVerdict,
} from './contents.ts';
import { Opener, Sealer } from './envelope.ts';
import { type KeyRing, parseKeyRing } from './key-ring.ts';
import { checkKeys, Vault } from './vault.ts';

/**
 * The same store, whose contents are encrypted before the database sees them and decrypted on their way back
 * (decision 20). Without `keys` (`FLEET_ENCRYPTION_KEYS`) nothing is encrypted, and `check` refuses a store that has
 * contents which are. Throws `invalid_config` for keys that are none.
 */
export function withEncryption(store: ContextStore, keys: string | undefined): ContextStore {
  const ring = keys === undefined ? null : parseKeyRing(keys);
  let checked = false;
  const check = async () => {
    await store.check();
    if (!checked) await checkKeys(store, ring);
    checked = true;
  };
  const own: Partial<ContextStore> = { check, ...(ring ? encryptedVerbs(store, ring) : {}) };
  return new Proxy(store, {
    get(target, verb) {
      const value: unknown = Reflect.get(own, verb) ?? Reflect.get(target, verb, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function encryptedVerbs(store: ContextStore, ring: KeyRing): Partial<ContextStore> {
  const vault = new Vault(store, ring);
  const open = new Opener(vault);
  const sealer = async (tenant: string) => new Sealer(await vault.newest(tenant));
  const opening = <T>(work: () => T) => open.opening(work);
  const openMaybe = (job: Job | null) => (job === null ? null : opening(() => openJob(open, job)));
  return {
    ...jobVerbs(),
    ...turnVerbs(),
    ...batchVerbs(),
    ...sideVerbs(),
  };

  /** Jobs as they are accepted and read. */
  function jobVerbs(): Partial<ContextStore> {
    const openJobs = (jobs: Job[]) => opening(() => jobs.map((job) => openJob(open, job)));
    return {
      async accept(job) {
        const accepted = await store.accept(sealJob(await sealer(job.tenant), job));
        return { ...accepted, job: await opening(() => openJob(open, accepted.job)) };
      },
      async acceptMany(jobs) {
        const sealed = await Promise.all(jobs.map(async (job) => sealJob(await sealer(job.tenant), job)));
        return openJobs(await store.acceptMany(sealed));
      },
      job: async (tenant, id) => openMaybe(await store.job(tenant, id)),
      jobs: async (tenant, filter, page) => openJobs(await store.jobs(tenant, filter, page)),
      overdueJobs: async (limit) => openJobs(await store.overdueJobs(limit)),
      raiseBudget: async (tenant, jobId, raise) => openMaybe(await store.raiseBudget(tenant, jobId, raise)),
      async steps(jobId) {
        const steps = await store.steps(jobId);
        return opening(() => openSteps(open, jobId, steps, null));
      },
      async progress(followed) {
        const tenants = new Map(followed.map(({ jobId, tenant }) => [jobId, tenant]));
        const progress = await store.progress(followed);
        return opening(() =>
          progress.map(({ jobId, steps, ended }) => ({
            jobId,
            steps: openSteps(open, jobId, steps, tenants.get(jobId) ?? null),
            ended: ended && openJob(open, ended),
          })),
        );
      },
      async turns(tenant, sessionId) {
        const turns = await store.turns(tenant, sessionId);
        return opening(() => turns.map((turn) => openTurn(open, turn, tenant)));
      },
    };
  }

  /** What a worker does with a job that it holds. */
  function turnVerbs(): Partial<ContextStore> {
    return {
      async take(jobId, options) {
        const take = await store.take(jobId, options);
        if (take.kind !== 'taken') return take;
        const { tenant } = take.job;
        return opening(() => ({
          ...take,
          job: openJob(open, take.job),
          steps: openSteps(open, jobId, take.steps, tenant),
          turns: take.turns.map((turn) => openTurn(open, turn, tenant)),
        }));
      },
      async recordStep(fence, step, options) {
        const { jobId, tenant } = fence;
        const recorded = await store.recordStep(fence, sealStep(await sealer(tenant), jobId, step), options);
        if (recorded.kind !== 'taken') return recorded;
        return opening(() => ({ ...recorded, step: openStep(open, jobId, recorded.step, tenant) }));
      },
      async settle(fence, ending) {
        const { jobId, tenant } = fence;
        const settled = await store.settle(fence, sealEnding(await sealer(tenant), jobId, ending));
        if (settled.kind !== 'taken') return settled;
        return opening(() => ({ ...settled, step: openStep(open, jobId, settled.step, tenant) }));
      },
      end: async (job, ending) => store.end(job, sealEnding(await sealer(job.tenant), job.jobId, ending)),
      async join(fence) {
        const joined = await store.join(fence);
        if (joined === 'superseded') return joined;
        return opening(() =>
          joined.map(({ jobId, query }) => ({ jobId, query: openQuery(open, jobId, query, fence.tenant) })),
        );
      },
      async requestApprovals(fence, approvals) {
        const seal = await sealer(fence.tenant);
        const sealed = approvals.map((approval) => {
          const record = approvalRecord(fence.jobId, approval.toolUseId);
          return { ...approval, input: sealInput(seal, approval.input, record) };
        });
        const requested = await store.requestApprovals(fence, sealed);
        if (requested === 'superseded') return requested;
        return opening(() => requested.map((approval) => openApproval(open, approval)));
      },
      async approvals(tenant, filter, page) {
        const approvals = await store.approvals(tenant, filter, page);
        return opening(() => approvals.map((approval) => openApproval(open, approval)));
      },
      async approval(tenant, jobId, toolUseId) {
        const approval = await store.approval(tenant, jobId, toolUseId);
        return approval && opening(() => openApproval(open, approval));
      },
      async decide(tenant, jobId, toolUseId, verdict) {
        const sealed = sealVerdict(await sealer(tenant), verdict, approvalRecord(jobId, toolUseId));
        const decided = await store.decide(tenant, jobId, toolUseId, sealed);
        return decided && opening(() => ({ ...decided, approval: openApproval(open, decided.approval) }));
      },
      async offlineCall(jobId) {
        const call = await store.offlineCall(jobId);
        return call && opening(() => openCall(call));
      },
      async answerCalls(batchId, answers) {
        const asked = await store.unansweredCalls(batchId);
        const sealed = new Map(answers);
        for (const { customId, tenant } of asked) {
          const answer = answers.get(customId);
          if (answer) sealed.set(customId, sealAnswer(await sealer(tenant), customId, answer));
        }
        return store.answerCalls(batchId, sealed);
      },
    };
  }

  function openCall(call: OfflineCall): OfflineCall {
    return { ...call, answer: call.answer && openAnswer(open, call.customId, call.answer, call.tenant) };
  }

  function batchVerbs(): Partial<ContextStore> {
    const agentRecord = (batchId: string, name: string) => `batch ${batchId} agent ${name}`;
    const mapAgents = (
      agents: Record<string, AgentSpec>,
      map: (agent: AgentSpec, name: string) => AgentSpec,
    ) => Object.fromEntries(Object.entries(agents).map(([name, agent]) => [name, map(agent, name)]));
    const openBatch = (batch: Batch): Batch => ({
      ...batch,
      agents: mapAgents(batch.agents, (agent, name) =>
        openAgent(open, agent, agentRecord(batch.id, name), batch.tenant),
      ),
    });
    const opened = (batch: Batch | null) => (batch === null ? null : opening(() => openBatch(batch)));
    const openedAll = (batches: Batch[]) => opening(() => batches.map(openBatch));
    const lineRecord = (batchId: string, n: number) => `batch ${batchId} line ${n}`;
    const openLines = <T extends { n: number; body: string }>(batchId: string, lines: T[]) =>
      opening(() =>
        lines.map((line) => ({ ...line, body: open.text(line.body, lineRecord(batchId, line.n), null) })),
      );
    return {
      createBatch: async (batch) => openBatch(await store.createBatch(batch)),
      batch: async (tenant, id) => opened(await store.batch(tenant, id)),
      batches: async (tenant, surface, page) => openedAll(await store.batches(tenant, surface, page)),
      batchesAtWork: async (limit) => openedAll(await store.batchesAtWork(limit)),
      finalizeBatch: async (tenant, id) => opened(await store.finalizeBatch(tenant, id)),
      changeBatch: async (tenant, id, change) => opened(await store.changeBatch(tenant, id, change)),
      retryLines: async (tenant, id, expiresAt) => opened(await store.retryLines(tenant, id, expiresAt)),
      async appendLines(tenant, id, upload) {
        const seal = await sealer(tenant);
        const lines = upload.lines.map((line) => ({
          ...line,
          body: line.body === null ? null : seal.text(line.body, lineRecord(id, line.n)),
        }));
        const agents = mapAgents(upload.agents, (agent, name) =>
          sealAgent(seal, agent, agentRecord(id, name)),
        );
        return store.appendLines(tenant, id, { ...upload, lines, agents });
      },
      waitingLines: async (batchId, limit) => openLines(batchId, await store.waitingLines(batchId, limit)),
      unmadeLines: async (batchId, limit) => openLines(batchId, await store.unmadeLines(batchId, limit)),
      async admitLines(batchId, lines) {
        const sealed = lines.map(async ({ n, job }) => ({ n, job: sealJob(await sealer(job.tenant), job) }));
        return store.admitLines(batchId, await Promise.all(sealed));
      },
      async lineResults(batchId, page) {
        const results = await store.lineResults(batchId, page);
        return opening(() =>
          results.map((result) => {
            const { job, reply } = result;
            if (job === null) return result;
            const opened = reply && openStep(open, job.id, reply, job.tenant);
            return { ...result, job: openJob(open, job), reply: opened };
          }),
        );
      },
    };
  }

  /** What stands beside jobs: blobs, agents that tenants keep, secrets that sign webhooks. */
  function sideVerbs(): Partial<ContextStore> {
    const agentRecord = (tenant: string, name: string) => `agent ${tenant} ${name}`;
    const openStored = (tenant: string, stored: StoredAgent): StoredAgent => {
      const { name } = stored.spec;
      return { ...stored, spec: openAgent(open, stored.spec, agentRecord(tenant, name), tenant) };
    };
    const secretRecord = (id: string) => `webhook ${id} secret`;
    const openWebhook = (webhook: Webhook): Webhook => ({
      ...webhook,
      secrets: webhook.secrets.map((secret) => open.text(secret, secretRecord(webhook.id), webhook.tenant)),
    });
    const openedWebhook = (webhook: Webhook | null) =>
      webhook === null ? null : opening(() => openWebhook(webhook));
    const ofJobs = (tenant: string) => secretRecord(`of the jobs of ${tenant}`);
    return {
      async saveBlob(blob) {
        const seal = await sealer(blob.tenant);
        return store.saveBlob({ ...blob, bytes: seal.bytes(blob.bytes, `blob ${blob.id}`) });
      },
      async blob(tenant, id) {
        const blob = await store.blob(tenant, id);
        return blob && opening(() => ({ ...blob, bytes: open.bytes(blob.bytes, `blob ${id}`, tenant) }));
      },
      async saveAgent(tenant, spec) {
        const sealed = sealAgent(await sealer(tenant), spec, agentRecord(tenant, spec.name));
        const saved = await store.saveAgent(tenant, sealed);
        return opening(() => openStored(tenant, saved));
      },
      async agent(tenant, name, version) {
        const agent = await store.agent(tenant, name, version);
        return agent && opening(() => openStored(tenant, agent));
      },
      async agents(tenant, page) {
        const agents = await store.agents(tenant, page);
        return opening(() => agents.map((agent) => openStored(tenant, agent)));
      },
      async createWebhook(webhook) {
        const seal = await sealer(webhook.tenant);
        const secrets = webhook.secrets.map((secret) => seal.text(secret, secretRecord(webhook.id)));
        const created = await store.createWebhook({ ...webhook, secrets });
        return opening(() => openWebhook(created));
      },
      webhook: async (tenant, id) => openedWebhook(await store.webhook(tenant, id)),
      async webhooks(tenant, page) {
        const webhooks = await store.webhooks(tenant, page);
        return opening(() => webhooks.map(openWebhook));
      },
      async updateWebhook(tenant, id, change) {
        if (change.secrets === undefined) return openedWebhook(await store.updateWebhook(tenant, id, change));
        const seal = await sealer(tenant);
        const secrets = change.secrets.map((secret) => seal.text(secret, secretRecord(id)));
        return openedWebhook(await store.updateWebhook(tenant, id, { ...change, secrets }));
      },
      async jobSecrets(tenant, fresh) {
        const sealed = (await sealer(tenant)).text(fresh, ofJobs(tenant));
        const secrets = await store.jobSecrets(tenant, sealed);
        return opening(() => secrets.map((secret) => open.text(secret, ofJobs(tenant), tenant)));
      },
      async setJobSecrets(tenant, secrets) {
        const seal = await sealer(tenant);
        await store.setJobSecrets(
          tenant,
          secrets.map((secret) => seal.text(secret, ofJobs(tenant))),
        );
      },
      async eraseDataKeys(tenant) {
        const erased = await store.eraseDataKeys(tenant);
        vault.forget();
        return erased;
      },
    };
  }
}
