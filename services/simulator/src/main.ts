import { parseArgs } from 'node:util';
import { startSimulator } from './start-simulator.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: process.env.PORT ?? '7799' },
    host: { type: 'string', default: process.env.HOST ?? '127.0.0.1' },
    latency: { type: 'string', default: process.env.SIMULATOR_LATENCY_MS ?? '0' },
  },
});

try {
  const apiKey = process.env.SIMULATOR_API_KEY;
  const simulator = await startSimulator({
    port: wholeNumber('port', values.port),
    host: values.host,
    latencyMs: wholeNumber('latency', values.latency),
    ...(apiKey ? { apiKey } : {}),
  });
  console.log(`simulator ready at ${simulator.url}`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void simulator.stop());
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : String(thrown));
  process.exitCode = 1;
}

function wholeNumber(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new Error(`--${name} was ${text}; a whole number was expected.`);
}
