import { FleetError, type Model } from '@mcp-fleet/core';
import { type AnthropicSettings, createAnthropic } from './anthropic.ts';
import { type ProviderName, parseModel } from './model-name.ts';
import { createOpenAI, type OpenAISettings } from './openai.ts';
import type { Provider } from './provider.ts';

/** The providers that there are keys or URLs for. */
export interface ModelSettings {
  anthropic?: Omit<AnthropicSettings, 'fetch'>;
  openai?: Omit<OpenAISettings, 'fetch'>;
  simulated?: { baseURL: string; apiKey?: string };
  /** Replaces `leanFetch` for every provider. */
  fetch?: typeof fetch;
}

/** A Model that sends each request to the provider that the model's name says. */
export interface Models extends Model {
  takesBatches(model: string): boolean;
  /** Ends the calls under way with `model_unavailable`. */
  close(): Promise<void>;
}

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
  const providers = createProviders(settings);
  return {
    async complete(request, options) {
      const { provider, name } = route(request.model, providers);
      return provider.complete({ ...request, model: name }, options);
    },
    takesBatches(model) {
      const provider = parseModel(model)?.provider;
      return (provider === 'anthropic' || provider === 'simulated') && provider in providers;
    },
    async close() {
      for (const provider of Object.values(providers)) provider.close();
    },
  };
}

type Providers = Partial<Record<ProviderName, Provider>>;

function createProviders({ anthropic, openai, simulated, fetch }: ModelSettings): Providers {
  const shared = fetch ? { fetch } : {};
  return {
    ...(anthropic && { anthropic: createAnthropic('anthropic', { ...anthropic, ...shared }) }),
    ...(openai && { openai: createOpenAI({ ...openai, ...shared }) }),
    ...(simulated && {
      simulated: createAnthropic('simulator', { apiKey: 'simulated', ...simulated, ...shared }),
    }),
  };
}

function route(model: string, providers: Providers): { provider: Provider; name: string } {
  const target = parseModel(model);
  if (!target) {
    throw new FleetError(
      'unknown_model',
      `The model ${JSON.stringify(model)} names no provider. Expected anthropic/NAME, openai/NAME or simulated; ${configured(providers)}.`,
    );
  }
  const provider = providers[target.provider];
  if (provider) return { provider, name: target.name };
  throw new FleetError(
    'unknown_model',
    `The model ${model} needs the provider ${target.provider}: ${remedies[target.provider]}; ${configured(providers)}.`,
  );
}

function configured(providers: Providers): string {
  const names = Object.keys(providers);
  return names.length === 0 ? 'no provider is configured' : `configured: ${names.join(', ')}`;
}
