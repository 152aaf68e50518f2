#!/usr/bin/env node
import { serveMcp } from '@mcp-fleet/mcp-serving';
import { createClockServer } from './clock-server.ts';

await serveMcp({
  name: 'mcp-clock',
  what: 'an MCP server that knows the time',
  create: () => createClockServer(() => new Date()),
});
