export { createClockServer } from './clock-server.ts';
