export { FleetApiError, FleetClient, type FleetClientOptions } from './fleet-client.ts';
export type {
  ContentBlock,
  Job,
  JobEvent,
  JobState,
  NewJob,
  Page,
  Session,
  SessionMessage,
  Step,
  Tool,
} from './types.ts';
