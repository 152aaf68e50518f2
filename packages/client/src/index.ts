export { FleetApiError } from './api-error.ts';
export { FleetClient } from './fleet-client.ts';
export type { FleetClientOptions } from './http.ts';
export type { PageRequest } from './page-request.ts';
export type * from './types.ts';
