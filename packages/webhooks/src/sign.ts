import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

/** A secret of 32 random bytes, in the form of Standard Webhooks: `whsec_<base64>`. */
export function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/**
 * The headers that let a receiver verify who sent a body, and when (Standard Webhooks 1.0). Each secret signs;
 * the receiver needs one that fits. `at` is the time of the attempt.
 */
export function signedHeaders(
  secrets: readonly string[],
  message: { id: string; at: Date; body: string },
): Record<string, string> {
  const { id, at, body } = message;
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, at, body));
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': signatures.join(' '),
  };
}
