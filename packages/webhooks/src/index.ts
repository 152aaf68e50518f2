export { AddressPolicy } from './address-policy.ts';
export { urlProblem } from './check-url.ts';
export { eventBody } from './event-body.ts';
export type { Lookup } from './guarded-agent.ts';
export { nextAttemptMs } from './retry-schedule.ts';
export { newSecret } from './sign.ts';
export { type SenderOptions, WebhookSender } from './webhook-sender.ts';
