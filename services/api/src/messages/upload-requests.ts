import { type Batch, encodeLine, FleetError, type NewLine } from '@mcp-fleet/core';
import { plainProblems } from '../errors.ts';
import { mostNesting, tooDeep } from '../parse-json.ts';
import type { ApiParts } from '../parts.ts';
import { batchRequest, messageParams } from '../schemas/messages.ts';
import { agentOfMessages, messagesAgent, readParams } from './read-params.ts';
import { readRequests } from './read-requests.ts';

/** Requests of one batch, as in Anthropic's Message Batches. */
const mostRequests = 100_000;

/** Requests, or bytes, that are stored at a time. */
const pieceRequests = 1_000;
const pieceBytes = 2 * 1024 * 1024;

/**
 * Stores the requests of a body as the batch's lines, piece by piece. One whose params are not valid is kept with its
 * problem and ends as errored; a `custom_id` that is not valid refuses the batch.
 */
export async function uploadRequests(
  parts: Pick<ApiParts, 'agents' | 'store' | 'messages'>,
  batch: Batch,
  stream: AsyncIterable<Buffer>,
): Promise<void> {
  const agent = agentOfMessages(parts.agents);
  let piece: NewLine[] = [];
  let [n, offset, bytes] = [0, 0, 0];
  const flush = async () => {
    if (piece.length === 0) return;
    const upload = { offset, bytes, lines: piece, lastLine: n, agents: { [messagesAgent]: agent } };
    const appended = await parts.store.appendLines(batch.tenant, batch.id, upload);
    if (appended.kind !== 'appended') throw new Error(`batch ${batch.id} took no lines: ${appended.kind}`);
    const [twice] = appended.duplicates;
    if (twice !== undefined)
      throw refused(`requests.${twice - 1}.custom_id: an earlier request has the same`);
    offset += bytes;
    bytes = 0;
    piece = [];
  };
  for await (const value of readRequests(stream)) {
    n += 1;
    if (n > mostRequests) {
      const message = `A batch has at most ${mostRequests} requests. Send the rest as another.`;
      throw new FleetError('query_too_large', message);
    }
    const line = toLine(n, value, (params) => readParams(params, agent, parts.messages.servers));
    piece.push(line);
    bytes += Buffer.byteLength(line.body ?? line.problem ?? '');
    if (piece.length >= pieceRequests || bytes >= pieceBytes) await flush();
  }
  await flush();
  if (n === 0) throw refused('requests: expected a list with at least one request');
}

function toLine(
  n: number,
  value: unknown,
  read: (params: Parameters<typeof readParams>[0]) => ReturnType<typeof readParams>,
): NewLine {
  const request = batchRequest.safeParse(value);
  if (!request.success) throw refused(named(plainProblems(request.error, ''), `requests.${n - 1}`));
  const line = { n, customId: request.data.custom_id, sessionId: null };
  // A problem may name a key as it came, and PostgreSQL has no text with a NUL in it.
  const invalid = (problem: string) => ({
    ...line,
    body: null,
    problem: problem.replaceAll('\u0000', '\ufffd'),
  });
  if (isNestedDeeper(request.data.params, mostNesting)) return invalid(`params: ${tooDeep}`);
  const params = messageParams.safeParse(request.data.params);
  if (!params.success) return invalid(`${plainProblems(params.error, 'params')}.`);
  if (params.data.stream === true) {
    return invalid('stream: requests of a batch are not streamed; leave it out.');
  }
  try {
    const body = encodeLine({ ...read(params.data), agent: messagesAgent });
    return { ...line, body, problem: null };
  } catch (thrown) {
    if (!(thrown instanceof FleetError)) throw thrown;
    return invalid(thrown.message);
  }
}

/** True when arrays and objects stand deeper in one another than this; no stack grows with them. */
function isNestedDeeper(value: object, most: number): boolean {
  let level = [value];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > most) return true;
    level = level.flatMap((each) =>
      Object.values(each).filter((inner) => typeof inner === 'object' && inner !== null),
    );
  }
  return false;
}

const named = (problems: string, where: string) => `${where}.${problems}`.replace('.: ', ': ');

const refused = (message: string) => new FleetError('invalid_request', `${message}.`);
