export { leanFetch } from './lean-fetch.ts';
export { readEvents, type ServerSentEvent } from './read-events.ts';
