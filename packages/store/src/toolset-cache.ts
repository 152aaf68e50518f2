import type { Toolset } from '@mcp-fleet/core';

/** A fleet has few tool lists, so forgetting all of them now and then costs nothing. */
const most = 1000;

/** Tool lists that are known to be stored. They never change under their hash. */
export class ToolsetCache {
  readonly #known = new Map<string, Toolset>();

  async save(toolset: Toolset, write: () => Promise<unknown>): Promise<void> {
    if (this.#known.has(toolset.hash)) return;
    await write();
    this.#remember(toolset);
  }

  async read(hash: string, find: () => Promise<Toolset | null>): Promise<Toolset | null> {
    const known = this.#known.get(hash);
    if (known) return known;
    const toolset = await find();
    if (toolset) this.#remember(toolset);
    return toolset;
  }

  #remember(toolset: Toolset): void {
    if (this.#known.size >= most) this.#known.clear();
    this.#known.set(toolset.hash, toolset);
  }
}
