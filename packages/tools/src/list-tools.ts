import { z } from 'zod';

/** A tool as its server lists it. */
export const listedTool = z.looseObject({
  name: z.string().min(1).max(512),
  title: z.string().optional(),
  description: z.string().optional(),
  inputSchema: z.looseObject({ type: z.literal('object') }),
  annotations: z
    .looseObject({ readOnlyHint: z.boolean().optional(), idempotentHint: z.boolean().optional() })
    .optional(),
});
export type ListedTool = z.infer<typeof listedTool>;

const page = z.looseObject({ tools: z.array(z.unknown()), nextCursor: z.string().optional() });
const mostPages = 1000;

type Request = (
  request: { method: 'tools/list'; params: { cursor?: string } },
  schema: typeof page,
) => Promise<z.infer<typeof page>>;

/**
 * Asks for every page of a tool list. An entry that is no tool is left out rather than spoiling the list, and
 * of two with one name the first counts.
 */
export async function listTools(request: Request): Promise<ListedTool[]> {
  const tools = new Map<string, ListedTool>();
  const cursors = new Set<string>();
  let cursor: string | undefined;
  do {
    const answer = await request(
      { method: 'tools/list', params: cursor === undefined ? {} : { cursor } },
      page,
    );
    for (const entry of answer.tools) keep(tools, entry);
    cursor = answer.nextCursor;
    if (cursor === undefined || cursor === '' || cursors.has(cursor)) break;
    cursors.add(cursor);
  } while (cursors.size < mostPages);
  return [...tools.values()];
}

function keep(tools: Map<string, ListedTool>, entry: unknown): void {
  const tool = listedTool.safeParse(entry).data;
  if (tool !== undefined && !tools.has(tool.name)) tools.set(tool.name, tool);
}
