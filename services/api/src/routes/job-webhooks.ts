import { newSecret } from '@mcp-fleet/webhooks';
import { readPage } from '../pages.ts';
import type { Api, ApiParts } from '../parts.ts';
import { idParams, pageOf, pageQuery, refusals } from '../schemas/common.ts';
import { delivery as deliverySchema, jobSecrets as secretsSchema } from '../schemas/webhooks.ts';
import { deliveryView } from '../webhook-views.ts';
import { found } from './jobs.ts';

const tags = ['webhooks'];
const admin = { scope: 'admin' } as const;
const type = 'job_webhook_secrets' as const;

/** What jobs sent to webhooks, and the secrets that sign what is sent to the URLs that jobs are submitted with. */
export function jobWebhookRoutes(app: Api, { store, logger }: ApiParts): void {
  app.get(
    '/v1/jobs/:id/deliveries',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags,
        summary: 'What webhooks were sent about a job, newest first',
        params: idParams,
        querystring: pageQuery,
        response: { 200: pageOf(deliverySchema), ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { tenant } = request.caller;
      found(await store.job(tenant, id), id);
      return readPage(request.query, (page) => store.jobDeliveries(tenant, id, page), deliveryView);
    },
  );

  app.get(
    '/v1/job_webhook_secrets',
    {
      config: admin,
      schema: {
        tags,
        summary: 'The secrets that sign what is sent to the webhooks of jobs',
        description: 'One for all jobs of the tenant. A webhook that is registered has a secret of its own.',
        response: { 200: secretsSchema, ...refusals },
      },
    },
    async (request) => ({ type, secrets: await store.jobSecrets(request.caller.tenant, newSecret()) }),
  );

  app.post(
    '/v1/job_webhook_secrets/rotate',
    {
      config: { ...admin, audit: { action: 'job_webhook.rotate_secret' } },
      schema: {
        tags,
        summary: 'Make a new secret for the webhooks of jobs; the one before it signs as well until the next',
        response: { 200: secretsSchema, ...refusals },
      },
    },
    async (request) => {
      const { tenant, keyId } = request.caller;
      const [newest] = await store.jobSecrets(tenant, newSecret());
      const secrets = [newSecret(), ...(newest === undefined ? [] : [newest])];
      await store.setJobSecrets(tenant, secrets);
      logger.info({ tenant, by: keyId }, 'secret of the webhooks of jobs rotated');
      return { type, secrets };
    },
  );
}
