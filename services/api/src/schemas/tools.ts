import { z } from 'zod';
import { contentBlock } from './common.ts';

export const tool = z
  .object({
    name: z.string(),
    description: z.string(),
    input_schema: z.record(z.string(), z.unknown()),
    safety: z.enum(['read_only', 'idempotent', 'unsafe']),
    approval: z.boolean().describe('True when a call of it has to be approved.'),
  })
  .meta({ id: 'Tool' });

export const callTool = z.strictObject({
  name: z.string().min(1).max(200),
  input: z.record(z.string(), z.unknown()).default({}),
});

export const toolOutput = z.object({ content: z.array(contentBlock), is_error: z.boolean() });
