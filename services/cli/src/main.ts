#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// Half of what a start costs is compiling. Not in the folder for temporary files, where others can write.
enableCompileCache(join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'mcp-fleet'));
await import('./program.ts');
