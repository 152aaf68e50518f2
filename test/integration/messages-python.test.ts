import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { useMessagesFleet } from '../support/messages-fleet.ts';
import { describeWith, service } from '../support/services.ts';

const script = fileURLToPath(new URL('../support/anthropic_client.py', import.meta.url));
const run = promisify(execFile);

describeWith(['postgres', 'python'], "messages and batches by Anthropic's client in Python", () => {
  const fleet = useMessagesFleet();

  test('messages, a stream, batches and errors are what it expects', async () => {
    const { stdout } = await run(join(service('python'), 'bin', 'python'), [script], {
      env: { PATH: process.env.PATH, ANTHROPIC_BASE_URL: fleet().url, ANTHROPIC_API_KEY: fleet().apiKey },
    });
    expect(JSON.parse(stdout)).toEqual({
      message: ['message', 'assistant', 'text', 'end_turn'],
      stream: [true, true, 'end_turn', true],
      tokens: expect.any(Number),
      counts: { processing: 0, succeeded: 2, errored: 0, canceled: 0, expired: 0 },
      results: [
        ['a', 'succeeded', 'text'],
        ['b', 'succeeded', 'text'],
      ],
      listed: true,
      canceled: true,
      deleted: 'message_batch_deleted',
      errors: [
        ['NotFoundError', 404, 'not_found_error'],
        ['BadRequestError', 400, 'invalid_request_error'],
        ['NotFoundError', 404, 'not_found_error'],
        ['AuthenticationError', 401, 'authentication_error'],
      ],
    });
  });
});
