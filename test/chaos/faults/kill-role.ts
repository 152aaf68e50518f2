import { keepStarting } from '../fleet/start-fleet.ts';
import type { Fault } from './fault.ts';

/** SIGKILL and restart of the one process of a role. */
function killRole(role: 'api' | 'reconciler'): Fault {
  return {
    name: `${role}-sigkill`,
    lane: 'outside',
    plan(random) {
      const downMs = random.between(0, 2_500);
      return {
        what: `${role} killed, back after ${downMs} ms`,
        outdates: null,
        async run(fleet, pause) {
          await fleet[role].kill();
          await pause(downMs);
          await keepStarting(fleet[role]);
        },
      };
    },
  };
}

export const killApi = killRole('api');
export const killReconciler = killRole('reconciler');
