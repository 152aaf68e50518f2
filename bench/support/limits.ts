import { leanFetch } from '@mcp-fleet/http';
import { runLimited } from './run-limited.ts';

const calls = 3_000;

/** How many calls a second the simulator and a tool server answer by themselves, so that it shows whether they are the limit. */
export async function printLimits(simulatorUrl: string, toolsUrl: string): Promise<void> {
  const ask = {
    model: 'simulated',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'Say something.' }],
  };
  const call = {
    ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
    params: { name: 'calculate', arguments: { expression: '2 * 3' } },
  };
  const whole = await callsASecond(`${simulatorUrl}/v1/messages`, ask);
  const streamed = await callsASecond(`${simulatorUrl}/v1/messages`, { ...ask, stream: true });
  const tools = await callsASecond(toolsUrl, call);
  console.log(
    `limits: the simulator answers ${whole} calls a second, ${streamed} streamed; the tool server ${tools} (a job is two and one)`,
  );
}

async function callsASecond(url: string, body: object): Promise<number> {
  const request = {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'x-api-key': 'none',
      'anthropic-version': '2023-06-01',
    },
    body: JSON.stringify(body),
  };
  const run = (count: number) =>
    runLimited(count, 32, async () => {
      const response = await leanFetch(url, request);
      const text = await response.text();
      if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 200)}`);
    });
  await run(500);
  const begun = performance.now();
  await run(calls);
  return Math.round(calls / ((performance.now() - begun) / 1_000));
}
