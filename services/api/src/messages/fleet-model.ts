import { FleetError } from '@mcp-fleet/core';

const known = /^(anthropic|openai)\/.|^gpt-|^simulated/;

/**
 * The fleet's name of a model that a client of Anthropic's API asks for: `anthropic/claude-…` for `claude-…`, or the
 * simulator's where the default agent runs on it. Names of the fleet's own form stay. Throws `not_found` for others.
 */
export function fleetModel(asked: string, defaultModel: string): string {
  if (asked.startsWith('claude-')) {
    return defaultModel.startsWith('simulated') ? defaultModel : `anthropic/${asked}`;
  }
  if (known.test(asked)) return asked;
  throw new FleetError(
    'not_found',
    `model: there is no ${JSON.stringify(asked)}. Expected claude-…, anthropic/NAME, openai/NAME or simulated.`,
  );
}
