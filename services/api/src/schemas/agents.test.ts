import { type AgentSettings, agentSettings, agentSpec } from '@mcp-fleet/core';
import { expect, test } from 'vitest';
import { saveAgent, settingsView } from './agents.ts';

const thinking = { type: 'enabled', budgetTokens: 1024 };

/** Every field that an agent can have. */
const complete = agentSpec.omit({ name: true, version: true }).parse({
  model: 'simulated',
  system: 'Be brief.',
  thinking,
  tools: ['math__*'],
});

test('settings are shown in snake_case, and mean the same when they are sent again', () => {
  const shown = settingsView(complete);
  expect(Object.keys(shown as object).toSorted()).toEqual(
    'context_tokens execution limits max_tokens model system thinking tools unknown_outcome'.split(' '),
  );
  expect(shown).toMatchObject({ thinking, limits: { tool_timeout_ms: 60_000 } });
  expect(JSON.stringify(shown).replace(JSON.stringify(thinking), '')).not.toMatch(/"[a-z_]*[A-Z]\w*":/);
  expect(saveAgent.parse(shown)).toEqual(complete);
});

test('what is left out stays left out', () => {
  const sent: AgentSettings = saveAgent.parse({ limits: { tool_result_chars: 300 } });
  expect(sent).toEqual({ limits: { toolResultChars: 300 } });
  expect(agentSettings.parse(sent)).toEqual(sent);
});

test.each([
  [{ maxTokens: 1 }, 'maxTokens'],
  [{ limits: { toolResultChars: 300 } }, 'toolResultChars'],
  [{ max_tokens: 0 }, 'max_tokens'],
  [{ name: 'other' }, 'name'],
])('%j is refused', (sent, named) => {
  const { error } = saveAgent.safeParse(sent);
  expect(JSON.stringify(error?.issues)).toContain(named);
});
