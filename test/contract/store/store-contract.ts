import { afterAll, beforeAll, describe } from 'vitest';
import { acceptingRules } from './accepting.ts';
import { agentRules } from './agents.ts';
import { approvalRules } from './approvals.ts';
import { auditRules } from './audit.ts';
import { batchRules } from './batches.ts';
import { blobRules } from './blobs.ts';
import { budgetRules } from './budgets.ts';
import { busySessions } from './busy-session.ts';
import { contextRules } from './contexts.ts';
import { dataKeyRules } from './data-keys.ts';
import { endings } from './ending.ts';
import type { OpenedStore } from './fixtures.ts';
import { jobWebhookRules } from './job-webhooks.ts';
import { keyRules } from './keys.ts';
import { offloadRules } from './offload.ts';
import { progressRules } from './progress.ts';
import { storeRaces } from './races.ts';
import { recentJobRules } from './recent-jobs.ts';
import { sessionRules } from './sessions.ts';
import { storeVerbs } from './verbs.ts';
import { webhookRules } from './webhooks.ts';

/** The contract of the ContextStore port, for one adapter. */
export function storeContract(open: () => Promise<OpenedStore>, options: { raceRounds: number }): void {
  let opened: OpenedStore;
  beforeAll(async () => {
    opened = await open();
    await opened.store.migrate();
  });
  afterAll(() => opened?.close());
  describe('each verb', () => storeVerbs(() => opened));
  describe('accepting', () => acceptingRules(() => opened));
  describe('agents', () => agentRules(() => opened));
  describe('keys and limits', () => keyRules(() => opened));
  describe('the audit log', () => auditRules(() => opened));
  describe('data keys', () => dataKeyRules(() => opened));
  describe('what became of jobs', () => recentJobRules(() => opened));
  describe('changing and erasing sessions', () => sessionRules(() => opened));
  describe('approvals', () => approvalRules(() => opened, options.raceRounds / 10));
  describe('batches', () => batchRules(() => opened));
  describe('contexts that producers send', () => contextRules(() => opened));
  describe('upstream batches', () => offloadRules(() => opened, options.raceRounds / 50));
  describe('budgets', () => budgetRules(() => opened, options.raceRounds / 10));
  describe('blobs', () => blobRules(() => opened));
  describe('following jobs', () => progressRules(() => opened));
  describe('webhooks', () => webhookRules(() => opened));
  describe('webhooks of jobs', () => jobWebhookRules(() => opened));
  describe('a busy session', () => busySessions(() => opened));
  describe('ends from outside, times, replays', () => endings(() => opened, options.raceRounds / 10));
  describe('races', () => storeRaces(() => opened, options.raceRounds));
}
