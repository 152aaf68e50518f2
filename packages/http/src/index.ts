export { leanFetch } from './lean-fetch.ts';
export { eventsIn, readEvents } from './read-events.ts';
