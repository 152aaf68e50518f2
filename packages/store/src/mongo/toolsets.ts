import type { Toolset } from '@mcp-fleet/core';
import { decodeToolset, encode } from '../record-codec.ts';
import { type Database, flushed } from './database.ts';

export async function saveToolset({ toolsets }: Database, toolset: Toolset): Promise<void> {
  const options = { ...flushed, upsert: true };
  await toolsets.updateOne({ _id: toolset.hash }, { $setOnInsert: { body: encode(toolset) } }, options);
}

export async function toolset({ toolsets }: Database, hash: string): Promise<Toolset | null> {
  const doc = await toolsets.findOne({ _id: hash });
  return doc ? decodeToolset(doc.body) : null;
}
