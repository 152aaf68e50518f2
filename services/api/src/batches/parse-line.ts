import { type AgentSettings, encodeLine, FleetError, type NewLine } from '@mcp-fleet/core';
import { plainProblems } from '../errors.ts';
import { isDeeper, mostNesting, tooDeep } from '../parse-json.ts';
import { toBlocks } from '../routes/jobs.ts';
import { type BatchLine, batchLine } from '../schemas/batches.ts';

/** What a line has to be checked against. Throws a FleetError for what is not there. */
export interface LineReferences {
  agent(name: string): Promise<void>;
  session(id: string): Promise<void>;
}

/** The line to be kept: one that is not valid has its problem, in a sentence that names the keys. */
export async function parseLine(
  n: number,
  text: string,
  defaultAgent: string,
  references: LineReferences,
): Promise<NewLine> {
  const read = readJson(text);
  if ('problem' in read) return invalid(n, read.problem, null);
  const parsed = batchLine.safeParse(read.value);
  if (!parsed.success) return invalid(n, plainProblems(parsed.error, 'line'), read.value);
  const line = parsed.data;
  try {
    const agent = line.agent ?? defaultAgent;
    await references.agent(agent);
    if (line.session_id !== undefined) await references.session(line.session_id);
    const body = encodeLine({
      query: toBlocks(line.query),
      agent,
      metadata: line.metadata,
      settings: settingsOf(line),
    });
    const customId = line.custom_id ?? `line-${n}`;
    return { n, customId, sessionId: line.session_id ?? null, body, problem: null };
  } catch (thrown) {
    if (!(thrown instanceof FleetError) || thrown.retry === 'again') throw thrown;
    return invalid(n, thrown.message, read.value);
  }
}

export const invalid = (n: number, problem: string, value: unknown): NewLine => {
  const customId =
    typeof value === 'object' && value !== null && 'custom_id' in value ? value.custom_id : null;
  const known = typeof customId === 'string' && customId !== '' && customId.length <= 256 ? customId : null;
  return { n, customId: known, sessionId: null, body: null, problem };
};

function readJson(text: string): { value: unknown } | { problem: string } {
  if (isDeeper(text, mostNesting)) return { problem: tooDeep };
  try {
    return { value: JSON.parse(text) };
  } catch (thrown) {
    return { problem: `not JSON: ${(thrown as Error).message}` };
  }
}

function settingsOf({ model, system, max_tokens }: BatchLine): AgentSettings | undefined {
  if (model === undefined && system === undefined && max_tokens === undefined) return undefined;
  return {
    ...(model === undefined ? {} : { model }),
    ...(system === undefined ? {} : { system }),
    ...(max_tokens === undefined ? {} : { maxTokens: max_tokens }),
  };
}
