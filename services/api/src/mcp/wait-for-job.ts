import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetClient, Job } from '@mcp-fleet/client';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js';
import { followJob } from './follow-job.ts';
import { progressOf } from './job-progress.ts';

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** Clients of the SDK drop progress that they read together with the result (typescript-sdk issue 2580). */
const beforeResultMs = 20;

/** Follows a job for a call; progress goes to a caller that asked for it with a token. */
export async function waitForJob(
  client: FleetClient,
  id: string,
  seconds: number,
  extra: Extra,
): Promise<Job> {
  const progressToken = extra._meta?.progressToken;
  const tell =
    progressToken === undefined
      ? null
      : progressOf(client, (progress, message) =>
          extra.sendNotification({
            method: 'notifications/progress',
            params: { progressToken, progress, message },
          }),
        );
  const job = await followJob(client, id, { seconds, tell, signal: extra.signal });
  if (tell !== null) await sleep(beforeResultMs);
  return job;
}
