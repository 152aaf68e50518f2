import { FleetError, type Webhook } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import { newSecret } from '@mcp-fleet/webhooks';
import { readPage } from '../pages.ts';
import type { Api, ApiParts } from '../parts.ts';
import { idParams, pageOf, pageQuery, refusals } from '../schemas/common.ts';
import {
  createWebhook,
  deletedWebhook,
  delivery as deliverySchema,
  updateWebhook,
  webhook as webhookSchema,
  webhookWithSecret,
} from '../schemas/webhooks.ts';
import { refuseUnreachable } from '../webhook-url.ts';
import { deliveryView, webhookView } from '../webhook-views.ts';

const tags = ['webhooks'];
const config = { scope: 'webhooks:write' } as const;

/** URLs that are told of what happens to a tenant's jobs, and the log of what they were sent. */
export function webhookRoutes(app: Api, { store, logger, webhookAddresses }: ApiParts): void {
  app.post(
    '/v1/webhooks',
    {
      config: { ...config, audit: { action: 'webhook.create', shows: ['events'] } },
      schema: {
        tags,
        summary: 'Register a webhook; its secret is shown this once',
        body: createWebhook,
        response: { 201: webhookWithSecret, ...refusals },
      },
    },
    async (request, reply) => {
      const { url, events, description } = request.body;
      refuseUnreachable(url, webhookAddresses);
      const { tenant } = request.caller;
      const secret = newSecret();
      const webhook = await store.createWebhook({
        id: newId('wh'),
        tenant,
        url,
        events,
        description,
        secrets: [secret],
        disabled: null,
      });
      logger.info({ webhookId: webhook.id, tenant, by: request.caller.keyId }, 'webhook registered');
      return reply.code(201).send({ ...webhookView(webhook), secret });
    },
  );

  app.get(
    '/v1/webhooks',
    {
      config,
      schema: {
        tags,
        summary: 'List webhooks, newest first',
        querystring: pageQuery,
        response: { 200: pageOf(webhookSchema), ...refusals },
      },
    },
    async (request) => {
      const { tenant } = request.caller;
      return readPage(request.query, (page) => store.webhooks(tenant, page), webhookView);
    },
  );

  app.get(
    '/v1/webhooks/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Read a webhook',
        params: idParams,
        response: { 200: webhookSchema, ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      return webhookView(found(await store.webhook(request.caller.tenant, id), id));
    },
  );

  app.patch(
    '/v1/webhooks/:id',
    {
      config: { ...config, audit: { action: 'webhook.change', shows: ['events', 'enabled'] } },
      schema: {
        tags,
        summary: 'Change a webhook; what is left out stays',
        params: idParams,
        body: updateWebhook,
        response: { 200: webhookSchema, ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { url, events, description, enabled } = request.body;
      if (url !== undefined) refuseUnreachable(url, webhookAddresses);
      const disabled = enabled === undefined ? undefined : enabled ? null : 'by its owner';
      const change = { url, events, description, disabled };
      return webhookView(found(await store.updateWebhook(request.caller.tenant, id, change), id));
    },
  );

  app.delete(
    '/v1/webhooks/:id',
    {
      config: { ...config, audit: { action: 'webhook.delete' } },
      schema: {
        tags,
        summary: 'Delete a webhook with its log',
        params: idParams,
        response: { 200: deletedWebhook, ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      if (!(await store.deleteWebhook(request.caller.tenant, id))) throw notFound(id);
      return { id, type: 'webhook_deleted' as const };
    },
  );

  app.post(
    '/v1/webhooks/:id/rotate_secret',
    {
      config: { ...config, audit: { action: 'webhook.rotate_secret' } },
      schema: {
        tags,
        summary: 'Make a new secret; the one before it signs as well until the next rotation',
        params: idParams,
        response: { 200: webhookWithSecret, ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { tenant } = request.caller;
      const known = found(await store.webhook(tenant, id), id);
      const secret = newSecret();
      const secrets = [secret, ...known.secrets.slice(0, 1)];
      return { ...webhookView(found(await store.updateWebhook(tenant, id, { secrets }), id)), secret };
    },
  );

  app.get(
    '/v1/webhooks/:id/deliveries',
    {
      config,
      schema: {
        tags,
        summary: 'What a webhook was sent, newest first',
        params: idParams,
        querystring: pageQuery,
        response: { 200: pageOf(deliverySchema), ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { tenant } = request.caller;
      found(await store.webhook(tenant, id), id);
      return readPage(request.query, (page) => store.deliveries(tenant, id, page), deliveryView);
    },
  );

  app.post(
    '/v1/webhook_deliveries/:id/redeliver',
    {
      config: { ...config, audit: { action: 'webhook.redeliver' } },
      schema: {
        tags,
        summary: 'Send a delivery again, under the same id',
        params: idParams,
        response: { 200: deliverySchema, ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      const delivery = await store.redeliver(request.caller.tenant, id);
      if (!delivery) throw new FleetError('not_found', `There is no delivery ${id}.`);
      return deliveryView(delivery);
    },
  );
}

function found(webhook: Webhook | null, id: string): Webhook {
  if (webhook) return webhook;
  throw notFound(id);
}

const notFound = (id: string) => new FleetError('not_found', `There is no webhook ${id}.`);
