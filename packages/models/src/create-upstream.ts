import { createAnthropicBatches } from './anthropic-batches.ts';
import type { ModelSettings } from './create-models.ts';
import { parseModel } from './model-name.ts';
import type { UpstreamProvider } from './upstream-provider.ts';

/** Where batches of a model's calls go; null for a model whose provider takes none, or is not configured. */
export type Upstream = (model: string) => UpstreamProvider | null;

export function createUpstream({ anthropic, simulated, fetch }: ModelSettings): Upstream {
  const shared = fetch ? { fetch } : {};
  const providers: Partial<Record<string, UpstreamProvider>> = {
    ...(anthropic && { anthropic: createAnthropicBatches('anthropic', { ...anthropic, ...shared }) }),
    ...(simulated && {
      simulated: createAnthropicBatches('simulator', { apiKey: 'simulated', ...simulated, ...shared }),
    }),
  };
  return (model) => {
    const target = parseModel(model);
    const provider = target && providers[target.provider];
    if (!target || !provider) return null;
    return {
      ...provider,
      item: (customId, request) => provider.item(customId, { ...request, model: target.name }),
    };
  };
}
