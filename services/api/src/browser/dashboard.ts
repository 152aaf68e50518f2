import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import { FleetError } from '@mcp-fleet/core';
import type { FastifyReply } from 'fastify';
import type { Api } from '../parts.ts';

/** Where `npm run dashboard` puts the page. */
const folder = fileURLToPath(new URL('../../public/', import.meta.url));

/** The page runs its own files, calls this api, and does nothing else: neither inline scripts nor other servers. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const yearMs = 365 * 24 * 3_600_000;

/** Serves the dashboard at `/dashboard/`, and leads there from `/`. Its files need no key; what it asks the api does. */
export async function dashboardRoutes(app: Api): Promise<void> {
  const files = filesIn(folder);
  await app.register(fastifyStatic, { root: folder, serve: false });
  const open = { config: { scope: 'public' as const }, schema: { hide: true } };
  for (const url of ['/', '/dashboard']) {
    app.get(url, open, async (_request, reply) => reply.redirect('/dashboard/'));
  }
  app.get<{ Params: { '*': string } }>('/dashboard/*', open, async (request, reply) => {
    const file = request.params['*'] || 'index.html';
    if (files.size === 0) {
      throw new FleetError(
        'not_found',
        'The dashboard is not built here. Run `npm run dashboard`, and start again.',
      );
    }
    if (!files.has(file)) throw new FleetError('not_found', `The dashboard has no file ${file}.`);
    guardPage(reply, policy);
    // The names of assets change with their contents.
    const kept = file.startsWith('assets/') ? { maxAge: yearMs, immutable: true } : { maxAge: 0 };
    return reply.sendFile(file, kept);
  });
}

/** Headers of what a browser shows as a page. */
export function guardPage(reply: FastifyReply, contentPolicy: string): void {
  reply.headers({
    'content-security-policy': contentPolicy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  });
}

function filesIn(folder: string): Set<string> {
  if (!existsSync(folder)) return new Set();
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`.replaceAll('\\', '/').replace(/\/+/g, '/'));
  return new Set(names.map((name) => name.slice(folder.length)));
}
