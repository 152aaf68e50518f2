export type ProviderName = 'anthropic' | 'openai' | 'simulated';

/** The provider and its own name of a model; null for a name of another form. */
export function parseModel(model: string): { provider: ProviderName; name: string } | null {
  const [, prefix, name] = /^(anthropic|openai)\/(.+)$/.exec(model) ?? [];
  if (prefix && name) return { provider: prefix as ProviderName, name };
  if (model.startsWith('simulated')) return { provider: 'simulated', name: model };
  if (model.startsWith('claude-')) return { provider: 'anthropic', name: model };
  if (model.startsWith('gpt-')) return { provider: 'openai', name: model };
  return null;
}
