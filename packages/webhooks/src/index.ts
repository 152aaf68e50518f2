export { AddressPolicy } from './address-policy.ts';
export { urlProblem } from './check-url.ts';
export { approvalBody, batchBody, endBody } from './event-body.ts';
export type { Lookup } from './guarded-agent.ts';
export { nextAttemptMs, withRetryAfter } from './retry-schedule.ts';
export { newSecret } from './sign.ts';
export { type SenderOptions, type SendResult, WebhookSender } from './webhook-sender.ts';
