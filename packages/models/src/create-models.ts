import { FleetError, type Model } from '@mcp-fleet/core';
import { type AnthropicSettings, createAnthropic } from './anthropic.ts';
import { createOpenAI, type OpenAISettings } from './openai.ts';

/** The providers that there are keys or URLs for. */
export interface ModelSettings {
  anthropic?: Omit<AnthropicSettings, 'fetch'>;
  openai?: Omit<OpenAISettings, 'fetch'>;
  simulated?: { baseURL: string; apiKey?: string };
  /** Replaces the platform's fetch for every provider. */
  fetch?: typeof fetch;
}

/** A Model that sends each request to the provider that the model's name says. */
export interface Models extends Model {
  close(): Promise<void>;
}

type ProviderName = 'anthropic' | 'openai' | 'simulated';

const remedies: Record<ProviderName, string> = {
  anthropic: 'set ANTHROPIC_API_KEY',
  openai: 'set OPENAI_API_KEY, or OPENAI_BASE_URL for another endpoint',
  simulated: 'set SIMULATOR_URL, or run `fleet simulate`',
};

/**
 * Routes `anthropic/NAME` and `claude-…`, `openai/NAME` and `gpt-…`, and `simulated…`. A name of another form,
 * or of a provider that is not configured, is `unknown_model`.
 */
export function createModels(settings: ModelSettings): Models {
  const shared = settings.fetch ? { fetch: settings.fetch } : {};
  const providers: Partial<Record<ProviderName, Model>> = {};
  if (settings.anthropic)
    providers.anthropic = createAnthropic('anthropic', { ...settings.anthropic, ...shared });
  if (settings.openai) providers.openai = createOpenAI({ ...settings.openai, ...shared });
  if (settings.simulated) {
    const { baseURL, apiKey = 'simulated' } = settings.simulated;
    providers.simulated = createAnthropic('simulator', { baseURL, apiKey, ...shared });
  }
  return {
    async complete(request, options) {
      const { provider, name } = route(request.model);
      const model = providers[provider];
      if (!model) {
        throw new FleetError(
          'unknown_model',
          `The model ${request.model} needs the provider ${provider}, which is not configured: ${remedies[provider]}.`,
        );
      }
      return model.complete({ ...request, model: name }, options);
    },
    async close() {},
  };
}

function route(model: string): { provider: ProviderName; name: string } {
  const slash = model.indexOf('/');
  const prefix = slash < 0 ? '' : model.slice(0, slash);
  if (prefix === 'anthropic' || prefix === 'openai')
    return { provider: prefix, name: model.slice(slash + 1) };
  if (model.startsWith('simulated')) return { provider: 'simulated', name: model };
  if (model.startsWith('claude-')) return { provider: 'anthropic', name: model };
  if (model.startsWith('gpt-')) return { provider: 'openai', name: model };
  throw new FleetError(
    'unknown_model',
    `The model ${JSON.stringify(model)} names no provider. Expected anthropic/NAME, openai/NAME or simulated.`,
  );
}
