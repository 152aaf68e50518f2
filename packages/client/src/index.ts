export { FleetApiError } from './api-error.ts';
export type { Batches, WaitOptions } from './batches.ts';
export { FleetClient } from './fleet-client.ts';
export type { FleetClientOptions } from './http.ts';
export type { Lines, LinesChunk } from './line-pieces.ts';
export type { PageRequest } from './page-request.ts';
export type { ResultsQuery } from './read-results.ts';
export type * from './types.ts';
export type { UploadOptions } from './upload-lines.ts';
