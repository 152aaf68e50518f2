import { FleetError } from '@mcp-fleet/core';
import Fastify from 'fastify';
import { expect, test, vi } from 'vitest';
import type { AuditLog } from './audit-log.ts';
import { auditRequests } from './audit-requests.ts';
import { sendError } from './errors.ts';

async function appWith(append: AuditLog['append'], config: object, work: () => unknown) {
  const app = Fastify();
  app.setErrorHandler((error: Error, request, reply) => sendError(error, request, reply));
  auditRequests(app, { append } as AuditLog);
  app.decorateRequest('caller', null as never);
  app.addHook('onRequest', async (request) => {
    request.caller = { tenant: 'acme', keyId: 'key_1', scopes: new Set() };
  });
  app.post('/keys/:id', { config }, async () => work());
  await app.ready();
  return app;
}

const audited = { scope: 'admin', audit: { action: 'key.revoke', shows: ['name'] } };

test('nothing is done that cannot be written down', async () => {
  const work = vi.fn();
  const away = new FleetError('store_unavailable', 'The store is away.');
  const app = await appWith(() => Promise.reject(away), audited, work);
  expect((await app.inject({ method: 'POST', url: '/keys/key_2' })).statusCode).toBe(503);
  expect(work).not.toHaveBeenCalled();
});

test('what is about to be done is written down first, with its shown keys and nothing else of the body', async () => {
  const happened: unknown[] = [];
  const append: AuditLog['append'] = async (entry) => {
    happened.push(entry);
    return { ...entry, n: 1, at: new Date(), previous: '', hash: '' };
  };
  const app = await appWith(append, audited, () => happened.push('done'));
  await app.inject({ method: 'POST', url: '/keys/key_2', payload: { name: 'ci', secret: 'hush' } });
  const details = { name: 'ci', request_id: expect.any(String), body_sha256: expect.any(String) };
  expect(happened).toEqual([
    { tenant: 'acme', actor: 'key_1', action: 'key.revoke', target: 'key_2', details },
    'done',
  ]);
});

test('a route that changes what the log is about has to say how it stands there', async () => {
  const append = vi.fn();
  await expect(appWith(append, { scope: 'admin' }, vi.fn())).rejects.toThrow(
    'POST /keys/:id says nothing for the audit log',
  );
  await expect(appWith(append, { scope: 'jobs:write' }, vi.fn())).resolves.toBeDefined();
});
