#!/usr/bin/env node
import { serveMcp } from '@mcp-fleet/mcp-serving';
import { createMathServer } from './math-server.ts';

await serveMcp({ name: 'mcp-math', what: 'an MCP server with arithmetic tools', create: createMathServer });
