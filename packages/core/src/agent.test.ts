import { expect, test } from 'vitest';
import { agentSettings, composeAgent } from './agent.ts';

test('settings that were left out stay left out, so that those below them count', () => {
  expect(agentSettings.parse({ limits: { rounds: 3 } })).toEqual({ limits: { rounds: 3 } });
  const agent = composeAgent(
    { name: 'writer', version: 2 },
    { model: 'simulated', maxTokens: 100, limits: { rounds: 3, crashes: 1 } },
    agentSettings.parse({ system: 'Be brief.', limits: { rounds: 4 } }),
  );
  expect(agent).toMatchObject({
    name: 'writer',
    version: 2,
    system: 'Be brief.',
    maxTokens: 100,
    contextTokens: 100_000,
    limits: { rounds: 4, crashes: 1, modelRetries: 8 },
  });
});

test.each([
  ['a key that nobody knows', { sistem: 'x' }],
  ['a limit out of range', { limits: { rounds: 0 } }],
  ['a name', { name: 'other' }],
])('%s is refused', (_what, settings) => {
  expect(agentSettings.safeParse(settings).success).toBe(false);
});
