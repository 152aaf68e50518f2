import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import type { ApiFault } from './api-fault.ts';
import type { Conversation } from './conversation.ts';
import type { ModelApi } from './model-api.ts';
import type { Answer } from './simulator.ts';

const json = 'application/json';
const eventStream = 'text/event-stream; charset=utf-8';

/** Writes an answer. Resolves with the status that was sent whole, or null when none was. */
export async function sendAnswer(
  answer: Answer,
  to: { api: ModelApi; conversation: Conversation; reply: FastifyReply; requestId: string; eventMs: number },
): Promise<number | null> {
  const { api, conversation, reply, requestId, eventMs } = to;
  switch (answer.kind) {
    case 'fault':
      return sendFault(answer.fault, to);
    case 'unanswered':
      reply.hijack();
      reply.raw.destroy();
      return null;
    case 'garbage':
      reply.type(conversation.stream ? eventStream : json);
      reply.send(conversation.stream ? 'event: message_start\ndata: {"type": not json\n\n' : '{"half": ');
      return null;
    case 'cut':
      reply.hijack();
      await cut(reply.raw, requestId, conversation.stream, parts(answer.reply, to), answer.after);
      return null;
    case 'held': {
      const frames = parts(answer.reply, to);
      return sendHeld(reply, requestId, frames, answer);
    }
    case 'fault_after': {
      if (!conversation.stream) return sendFault(answer.fault, to);
      const frames = api.renderFrames(answer.reply, conversation).slice(0, answer.after);
      reply.type(eventStream).send(frames.join('') + api.renderFaultFrame(answer.fault, requestId));
      return null;
    }
    case 'reply': {
      if (!conversation.stream) {
        reply.type(json).send(api.renderReply(answer.reply, conversation));
        return 200;
      }
      const frames = api.renderFrames(answer.reply, conversation);
      if (eventMs > 0) return trickle(reply, requestId, frames, eventMs);
      reply.type(eventStream).send(frames.join(''));
      return 200;
    }
  }
}

/** Answers with a fault in the API's own shape. */
export function sendFault(
  fault: ApiFault,
  { api, reply, requestId }: { api: ModelApi; reply: FastifyReply; requestId: string },
): number {
  reply.code(fault.status).headers(fault.headers).type(json).send(api.renderFault(fault, requestId));
  return fault.status;
}

function parts(
  whole: Extract<Answer, { kind: 'cut' }>['reply'],
  { api, conversation }: { api: ModelApi; conversation: Conversation },
): string[] {
  return conversation.stream ? api.renderFrames(whole, conversation) : [api.renderReply(whole, conversation)];
}

/** Sends the first events, and the rest once they are released; a JSON body as a whole then. */
async function sendHeld(
  reply: FastifyReply,
  requestId: string,
  frames: string[],
  { after, released }: Pick<Extract<Answer, { kind: 'held' }>, 'after' | 'released'>,
): Promise<number | null> {
  reply.hijack();
  const { raw } = reply;
  const type = frames.length > 1 ? eventStream : json;
  raw.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache', 'request-id': requestId });
  if (frames.length > 1) raw.write(frames.slice(0, after).join(''));
  if (!(await released) || raw.destroyed) return null;
  raw.end(frames.slice(frames.length > 1 ? after : 0).join(''));
  return 200;
}

/** Sends the first events, or half of a JSON body under its full length, and destroys the socket. */
async function cut(
  raw: ServerResponse,
  requestId: string,
  stream: boolean,
  whole: string[],
  after: number,
): Promise<void> {
  const body = whole.join('');
  const sent = stream ? whole.slice(0, after).join('') : body.slice(0, body.length / 2);
  raw.writeHead(200, {
    'content-type': stream ? eventStream : json,
    'request-id': requestId,
    ...(stream ? {} : { 'content-length': Buffer.byteLength(body) }),
  });
  raw.flushHeaders();
  if (sent !== '') await new Promise((resolve) => raw.write(sent, resolve));
  raw.destroy();
}

async function trickle(
  reply: FastifyReply,
  requestId: string,
  frames: string[],
  eventMs: number,
): Promise<number | null> {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { 'content-type': eventStream, 'cache-control': 'no-cache', 'request-id': requestId });
  for (const frame of frames) {
    if (raw.destroyed) return null;
    raw.write(frame);
    await delay(eventMs);
  }
  raw.end();
  return 200;
}
