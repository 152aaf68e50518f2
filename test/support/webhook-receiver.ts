import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from './until.ts';

export interface ReceivedEvent {
  headers: IncomingHttpHeaders;
  body: string;
}

type Answer = number | 'hold' | { status: number; retryAfter: string };

/** Receives webhooks and answers as it is told. */
export interface WebhookReceiver {
  url: string;
  received: ReceivedEvent[];
  /** Statuses of the next answers; 200 when there are none left, no answer at all for `hold`. */
  answers: Answer[];
  /** Resolves when it has received so many events. */
  count(events: number): Promise<ReceivedEvent[]>;
  stop(): Promise<void>;
}

export async function startWebhookReceiver(host = '127.0.0.1'): Promise<WebhookReceiver> {
  const received: ReceivedEvent[] = [];
  const answers: Answer[] = [];
  const server = createServer(async (request, response: ServerResponse) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const answer = answers.shift() ?? 200;
    received.push({ headers: request.headers, body });
    if (answer === 'hold') return;
    if (typeof answer === 'number') response.writeHead(answer).end();
    else response.writeHead(answer.status, { 'retry-after': answer.retryAfter }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}/hook`,
    received,
    answers,
    count: (events) =>
      until(`${events} received events`, async () => (received.length >= events ? received : null)),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
