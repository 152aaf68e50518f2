import type { FleetClient } from '@mcp-fleet/client';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { inputs } from './inputs.ts';
import { plainText, shorten } from './plain-text.ts';
import { answer, attempt } from './results.ts';
import { outputs, pageText, sessionView } from './views.ts';

/** Characters of a message that the words of `session_messages` show. */
const shownOfMessage = 1000;

/** Tools that begin and look at sessions. */
export function addSessionTools(server: McpServer, client: FleetClient): void {
  server.registerTool(
    'create_session',
    {
      title: 'Create a session',
      description:
        'Begins a conversation. Jobs that are submitted with its id run one after the other, and each knows the turns before it.',
      inputSchema: {
        agent: z.string().max(64).optional().describe('Name of a configured agent; absent: the default one'),
      },
      outputSchema: outputs.session,
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: false,
      },
    },
    ({ agent }) =>
      attempt(async () => {
        const session = await client.sessions.create(agent === undefined ? {} : { agent });
        return answer(`${session.id} is ready.`, sessionView(session));
      }),
  );
  server.registerTool(
    'list_sessions',
    {
      title: 'List sessions',
      description: 'Lists sessions, newest first, each with the job that runs in it now.',
      inputSchema: inputs.page,
      outputSchema: outputs.sessions,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    ({ limit, after_id }) =>
      attempt(async () => {
        const page = await client.sessions.list({ limit, ...(after_id === undefined ? {} : { after_id }) });
        const sessions = page.data.map(sessionView);
        const lines = sessions.map(({ id, agent, active_job }) => `${id} ${agent}: ${active_job ?? 'idle'}`);
        const { has_more, last_id } = page;
        return answer(pageText(lines, 'There are no sessions.', page), { sessions, has_more, last_id });
      }),
  );
  addMessages(server, client);
}

function addMessages(server: McpServer, client: FleetClient): void {
  server.registerTool(
    'session_messages',
    {
      title: 'Read a session',
      description:
        'Returns the last messages of a session, oldest first: queries, replies, tool calls and their results. Turns that failed or were canceled are not part of it.',
      inputSchema: {
        session_id: inputs.sessionId,
        last: z.int().min(1).max(200).default(20).describe('How many messages, counted from the end'),
      },
      outputSchema: outputs.messages,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    ({ session_id, last }) =>
      attempt(async () => {
        const all = await client.sessions.messages(session_id);
        const messages = all.slice(-last);
        const omitted = all.length - messages.length;
        const lines = messages.map(
          ({ role, content }) => `${role}: ${shorten(plainText(content), shownOfMessage)}`,
        );
        const before = omitted === 0 ? [] : [`(${omitted} earlier messages are left out)`];
        const text = [...before, ...lines].join('\n') || 'The session has no finished turn yet.';
        return answer(text, { session_id, messages, omitted });
      }),
  );
}
