export { FleetApiError, FleetClient, type FleetClientOptions } from './fleet-client.ts';
export type {
  BusyPolicy,
  ContentBlock,
  Job,
  JobEvent,
  JobFilter,
  JobState,
  NewJob,
  Page,
  Session,
  SessionMessage,
  Step,
  Tool,
} from './types.ts';
