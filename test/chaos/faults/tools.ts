import type { Mode } from '../servers/behaviour.ts';
import { toolServers } from '../servers/ledgers.ts';
import type { Fault } from './fault.ts';

/** A tool server that misbehaves for a while, with every call that it gets. */
function misbehaving(name: string, mode: Mode): Fault {
  return {
    name: `tools-${name}`,
    lane: 'outside',
    plan(random) {
      const server = random.pick(toolServers);
      const ms = random.between(300, 1_500);
      return {
        what: `${server} for ${ms} ms`,
        outdates: null,
        async run(fleet, pause) {
          fleet.ledgers.setMode(server, mode);
          await pause(ms);
          fleet.ledgers.setMode(server, 'well');
          // The HTTP server has nobody else who starts it again; a worker starts its own child anew.
          if (server === 'bank') await fleet.httpTools.start();
        },
      };
    },
  };
}

const killed: Fault = {
  name: 'tools-sigkill',
  lane: 'outside',
  plan(random) {
    const downMs = random.between(0, 2_000);
    return {
      what: `bank killed, back after ${downMs} ms`,
      outdates: null,
      async run(fleet, pause) {
        await fleet.httpTools.kill();
        await pause(downMs);
        await fleet.httpTools.start();
      },
    };
  },
};

/** What tool servers do on a bad day. */
export const toolFaults: Fault[] = [
  killed,
  misbehaving('crash-before', 'crash_before'),
  misbehaving('crash-after', 'crash_after'),
  misbehaving('hang', 'hang'),
  misbehaving('garbage', 'garbage'),
  misbehaving('20-mb', 'huge'),
];
