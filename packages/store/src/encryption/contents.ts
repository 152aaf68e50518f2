import {
  type AgentSpec,
  type Approval,
  type ContentBlock,
  type Ending,
  FleetError,
  type Job,
  type Message,
  type NewJob,
  type OfflineAnswer,
  type ReplyStep,
  type Step,
  type Turn,
  type Verdict,
} from '@mcp-fleet/core';
import { erased, type Opener, type Sealer } from './envelope.ts';

/**
 * What of the stored records is contents, and how it is sealed: text as text, content blocks as one block of the type
 * `sealed`, arguments as an object with `sealed`. All else stays as it is, so that stores find what they look for.
 */
const sealedType = 'sealed';

export function sealBlocks(seal: Sealer, blocks: readonly ContentBlock[], record: string): ContentBlock[] {
  return [{ type: sealedType, sealed: seal.json(blocks, record) }];
}

export function openBlocks(
  open: Opener,
  blocks: ContentBlock[],
  record: string,
  tenant: string | null,
): ContentBlock[] {
  const [block] = blocks;
  if (block?.type !== sealedType || typeof block.sealed !== 'string') return blocks;
  return open.json<ContentBlock[]>(block.sealed, record, tenant, [{ type: 'text', text: erased }]);
}

type Input = Record<string, unknown>;

export const sealInput = (seal: Sealer, input: Input, record: string): Input => ({
  sealed: seal.json(input, record),
});

export function openInput(open: Opener, input: Input, record: string, tenant: string): Input {
  if (typeof input.sealed !== 'string' || Object.keys(input).length !== 1) return input;
  return open.json<Input>(input.sealed, record, tenant, { erased });
}

export function sealAgent(seal: Sealer, agent: AgentSpec, record: string): AgentSpec {
  return agent.system === undefined
    ? agent
    : { ...agent, system: seal.text(agent.system, `${record} system`) };
}

export function openAgent(open: Opener, agent: AgentSpec, record: string, tenant: string): AgentSpec {
  return agent.system === undefined
    ? agent
    : { ...agent, system: open.text(agent.system, `${record} system`, tenant) };
}

const jobRecord = (id: string) => `job ${id}`;

export function sealJob(seal: Sealer, job: NewJob): NewJob {
  const record = jobRecord(job.id);
  const { replay } = job;
  return {
    ...job,
    agent: sealAgent(seal, job.agent, record),
    context: job.context.length === 0 ? job.context : sealMessages(seal, job.context, `${record} context`),
    query: sealBlocks(seal, job.query, `${record} query`),
    replay: replay && { ...replay, steps: replay.steps.map((step) => sealStep(seal, job.id, step)) },
  };
}

const sealMessages = (seal: Sealer, messages: Message[], record: string): Message[] => [
  { role: 'user', content: sealBlocks(seal, messages as unknown as ContentBlock[], record) },
];

function openMessages(open: Opener, messages: Message[], record: string, tenant: string): Message[] {
  const [message] = messages;
  const [block] = message?.content ?? [];
  if (block?.type !== sealedType || typeof block.sealed !== 'string') return messages;
  return open.json<Message[]>(block.sealed, record, tenant, [
    { role: 'user', content: [{ type: 'text', text: erased }] },
  ]);
}

export function openJob(open: Opener, job: Job): Job {
  const { tenant } = job;
  const record = jobRecord(job.id);
  return {
    ...job,
    agent: openAgent(open, job.agent, record, tenant),
    context: openMessages(open, job.context, `${record} context`, tenant),
    query: openBlocks(open, job.query, `${record} query`, tenant),
    answer: job.answer === null ? null : openEnd(open, job, job.answer, 'answer'),
    error: job.error && { ...job.error, message: openEnd(open, job, job.error.message, 'error') },
  };
}

/** A job that joined a turn ended as that turn's job, and with its words, or by itself before. */
function openEnd(open: Opener, { id, joined, tenant }: Job, text: string, what: string): string {
  if (joined !== null) {
    try {
      return open.text(text, `${jobRecord(joined)} ${what}`, tenant);
    } catch (thrown) {
      if (!(thrown instanceof FleetError)) throw thrown;
    }
  }
  return open.text(text, `${jobRecord(id)} ${what}`, tenant);
}

export const openQuery = (
  open: Opener,
  jobId: string,
  query: ContentBlock[],
  tenant: string,
): ContentBlock[] => openBlocks(open, query, `${jobRecord(jobId)} query`, tenant);

const stepRecord = (jobId: string, { round, slot }: Step) => `step ${jobId} ${round}.${slot}`;

export function sealStep<T extends Step>(seal: Sealer, jobId: string, step: T): T {
  const record = stepRecord(jobId, step);
  if (step.kind !== 'result') return { ...step, content: sealBlocks(seal, step.content, record) };
  return { ...step, block: { ...step.block, content: seal.json(step.block.content, record) } };
}

export function openStep<T extends Step>(open: Opener, jobId: string, step: T, tenant: string | null): T {
  const record = stepRecord(jobId, step);
  if (step.kind !== 'result') return { ...step, content: openBlocks(open, step.content, record, tenant) };
  const { content } = step.block;
  // A result's own text is no JSON unless it was sealed, which `opened` then is not.
  const opened = typeof content === 'string' ? open.text(content, record, tenant) : content;
  if (opened === content || opened === erased) return { ...step, block: { ...step.block, content: opened } };
  return { ...step, block: { ...step.block, content: JSON.parse(opened as string) } };
}

export const openSteps = (open: Opener, jobId: string, steps: Step[], tenant: string | null): Step[] =>
  steps.map((step) => openStep(open, jobId, step, tenant));

export function openTurn(open: Opener, turn: Turn, tenant: string): Turn {
  const { jobId, query, steps } = turn;
  return {
    ...turn,
    query: openQuery(open, jobId, query, tenant),
    steps: openSteps(open, jobId, steps, tenant),
  };
}

export function sealEnding(seal: Sealer, jobId: string, ending: Ending): Ending {
  const record = jobRecord(jobId);
  const { step, answer, error } = ending;
  return {
    ...ending,
    step: step && sealStep<ReplyStep>(seal, jobId, step),
    answer: answer === null ? null : seal.text(answer, `${record} answer`),
    error: error && { ...error, message: seal.text(error.message, `${record} error`) },
  };
}

export const approvalRecord = (jobId: string, toolUseId: string) => `approval ${jobId} ${toolUseId}`;

export function sealVerdict(seal: Sealer, verdict: Verdict, record: string): Verdict {
  if (verdict.kind === 'denied') return { ...verdict, reason: seal.text(verdict.reason, `${record} reason`) };
  return { ...verdict, input: sealInput(seal, verdict.input, `${record} approved`) };
}

export function openApproval<T extends Approval>(open: Opener, approval: T): T {
  const { tenant, decision } = approval;
  const record = approvalRecord(approval.jobId, approval.toolUseId);
  const input = openInput(open, approval.input, record, tenant);
  if (decision?.kind === 'denied') {
    return {
      ...approval,
      input,
      decision: { ...decision, reason: open.text(decision.reason, `${record} reason`, tenant) },
    };
  }
  if (decision?.kind === 'approved') {
    const approved = openInput(open, decision.input, `${record} approved`, tenant);
    return { ...approval, input, decision: { ...decision, input: approved } };
  }
  return { ...approval, input };
}

const answerRecord = (customId: string) => `offline answer ${customId}`;

export function sealAnswer(seal: Sealer, customId: string, answer: OfflineAnswer): OfflineAnswer {
  if (answer.kind !== 'reply') return answer;
  const content = sealBlocks(seal, answer.reply.content, answerRecord(customId));
  return { ...answer, reply: { ...answer.reply, content } };
}

export function openAnswer(
  open: Opener,
  customId: string,
  answer: OfflineAnswer,
  tenant: string,
): OfflineAnswer {
  if (answer.kind !== 'reply') return answer;
  const content = openBlocks(open, answer.reply.content, answerRecord(customId), tenant);
  return { ...answer, reply: { ...answer.reply, content } };
}
