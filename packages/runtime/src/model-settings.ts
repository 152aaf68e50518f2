import type { Environment } from './environment.ts';

interface Endpoint {
  apiKey: string;
  baseURL?: string;
}

/** Where each provider is reached, for those that there is a way to. */
export interface ProviderSettings {
  anthropic?: Endpoint;
  openai?: Endpoint;
  simulated?: { baseURL: string };
}

/** The providers that the environment has keys or URLs for. */
export function modelSettings(environment: Environment): ProviderSettings {
  const { ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, OPENAI_API_KEY, OPENAI_BASE_URL, SIMULATOR_URL } =
    environment;
  return {
    ...(ANTHROPIC_API_KEY
      ? {
          anthropic: {
            apiKey: ANTHROPIC_API_KEY,
            ...(ANTHROPIC_BASE_URL ? { baseURL: ANTHROPIC_BASE_URL } : {}),
          },
        }
      : {}),
    ...(OPENAI_API_KEY || OPENAI_BASE_URL
      ? {
          openai: {
            apiKey: OPENAI_API_KEY ?? 'none',
            ...(OPENAI_BASE_URL ? { baseURL: OPENAI_BASE_URL } : {}),
          },
        }
      : {}),
    ...(SIMULATOR_URL ? { simulated: { baseURL: SIMULATOR_URL } } : {}),
  };
}
