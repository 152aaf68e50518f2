import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { batchScriptBody, configBody, scriptBody } from './control.ts';
import type { Simulator } from './simulator.ts';

/** How tests steer a simulator that runs in another process. */
export function addControlRoutes(app: FastifyInstance, simulator: Simulator): void {
  app.post('/__sim/script', async ({ body }, reply) => {
    const script = parse(scriptBody, body);
    if (!script.success) return reply.code(400).send({ error: script.message });
    simulator.script(script.data);
    return { scripted: script.data.replies.length };
  });
  app.post('/__sim/config', async ({ body }, reply) => {
    const config = parse(configBody, body);
    if (!config.success) return reply.code(400).send({ error: config.message });
    simulator.configure(config.data);
    return simulator.config;
  });
  app.post('/__sim/batches/script', async ({ body }, reply) => {
    const script = parse(batchScriptBody, body);
    if (!script.success) return reply.code(400).send({ error: script.message });
    simulator.batches.script(script.data);
    return { scripted: script.data.creations.length + script.data.items.length };
  });
  app.post('/__sim/batches/end', async () => ({ ended: simulator.batches.end() }));
  app.get('/__sim/batches', async () => ({ batches: simulator.batches.snapshot() }));
  app.delete('/__sim/script', async () => ({ dropped: simulator.clearScripts() }));
  app.get('/__sim/requests', async () => ({ requests: simulator.requests.all() }));
  app.post('/__sim/release', async () => ({ released: simulator.gate.release() }));
  app.post('/__sim/reset', async () => {
    simulator.reset();
    return { reset: true };
  });
  app.get('/__sim/stats', async () => simulator.stats.snapshot(simulator.gate.held));
}

type Parsed<T> = { success: true; data: T } | { success: false; message: string };

function parse<T extends z.ZodType>(schema: T, body: unknown): Parsed<z.infer<T>> {
  let json: unknown;
  try {
    json = JSON.parse(String(body));
  } catch {
    return { success: false, message: 'Expected a JSON body.' };
  }
  const parsed = schema.safeParse(json);
  return parsed.success ? parsed : { success: false, message: z.prettifyError(parsed.error) };
}
