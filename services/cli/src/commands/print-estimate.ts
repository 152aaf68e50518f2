import type { BatchEstimate, Estimate } from '@mcp-fleet/client';
import { fromUsd, usdText } from '@mcp-fleet/core';
import type { Output } from '../output.ts';

/** The bounds of what jobs may use. `whose` says of which. */
export function printEstimate(
  output: Output,
  whose: string,
  models: readonly string[],
  { tokens, cost_usd }: Pick<Estimate | BatchEstimate, 'tokens' | 'cost_usd'>,
): void {
  output.line(`${whose}: ${tokens.min} to ${tokens.max} tokens`);
  if (cost_usd === null) {
    output.line(`The price of ${models.join(', ')} is not known. Add it to \`prices\` of the configuration.`);
    return;
  }
  const simulated = models.some((model) => model.startsWith('simulated')) ? ' (simulated)' : '';
  output.line(`${usdText(fromUsd(cost_usd.min))} to ${usdText(fromUsd(cost_usd.max))}${simulated}`);
}
