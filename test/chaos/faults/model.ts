import type { Random } from '../random.ts';
import type { Fault } from './fault.ts';

/** The next requests to the model, whoever makes them, fail in the same way. */
function model(name: string, reply: (random: Random) => object): Fault {
  return {
    name: `model-${name}`,
    lane: 'outside',
    plan(random) {
      const count = random.between(1, 8);
      const replies = Array.from({ length: count }, () => reply(random));
      return {
        what: `${count} requests`,
        outdates: null,
        run: (fleet) => fleet.simulator.script(replies),
      };
    },
  };
}

const error = (status: number, message: string) => () => ({ error: { status, message } });

const slow: Fault = {
  name: 'model-slow',
  lane: 'outside',
  plan(random) {
    const lateMs = random.between(500, 2_500);
    const ms = random.between(1_000, 4_000);
    return {
      what: `every reply ${lateMs} ms late for ${ms} ms`,
      outdates: null,
      async run(fleet, pause) {
        await fleet.simulator.slow(lateMs);
        await pause(ms).finally(() => fleet.simulator.slow(null));
      },
    };
  },
};

/** What the Messages API does on a bad day. */
export const modelFaults: Fault[] = [
  model('429', (random) => ({
    error: { status: 429, message: 'rate limited', retry_after_ms: random.between(100, 2_000) },
  })),
  model('500', error(500, 'Internal server error')),
  model('529', error(529, 'Overloaded')),
  slow,
  model('stall', () => ({ hang: true })),
  model('half-sent', (random) => ({ cut_after: random.between(0, 8) })),
  model('late-error', (random) => ({ fail_after: random.between(1, 6) })),
  model('garbage', () => ({ garbage: true })),
];
