import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { newSecret, signedHeaders } from './sign.ts';

const message = { id: 'evt_1', at: new Date(), body: '{"type":"job.succeeded"}' };

test('a secret is 32 random bytes', () => {
  const secret = newSecret();
  expect(Buffer.from(secret.replace(/^whsec_/, ''), 'base64')).toHaveLength(32);
  expect(newSecret()).not.toBe(secret);
});

test('what is signed verifies, with each of several secrets, and with no other', () => {
  const [old, fresh] = [newSecret(), newSecret()];
  const headers = signedHeaders([old, fresh], message);
  expect(headers['webhook-signature']?.split(' ')).toHaveLength(2);
  for (const secret of [old, fresh]) {
    expect(new Webhook(secret).verify(message.body, headers)).toEqual({ type: 'job.succeeded' });
  }
  expect(() => new Webhook(newSecret()).verify(message.body, headers)).toThrow(/signature/i);
});

test.each([
  ['body', () => new Webhook(secret).verify(`${message.body} `, headers)],
  ['id', () => new Webhook(secret).verify(message.body, { ...headers, 'webhook-id': 'evt_2' })],
  ['timestamp', () => new Webhook(secret).verify(message.body, { ...headers, 'webhook-timestamp': later })],
])('another %s does not verify', (_part, verify) => {
  expect(verify).toThrow(/signature/i);
});

const secret = newSecret();
const headers = signedHeaders([secret], message);
const later = String(Number(headers['webhook-timestamp']) + 1);
