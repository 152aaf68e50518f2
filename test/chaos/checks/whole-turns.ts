import { toolUses } from '@mcp-fleet/core';
import { type Check, parsedSteps } from './check.ts';

/** No half turns: in a succeeded job every round is complete; in any job rounds follow without a gap. */
export const wholeTurns: Check = {
  name: 'whole turns',
  find({ jobs, steps }) {
    const byJob = parsedSteps(steps);
    return jobs.flatMap(({ id, state }) => {
      const own = byJob.get(id) ?? [];
      const replies = own.filter((step) => step.kind === 'reply');
      const results = own.filter((step) => step.kind === 'result');
      const found: { id: string; what: string }[] = [];
      for (const [place, reply] of replies.entries()) {
        if (reply.round !== place) found.push({ id, what: `reply ${place} stands at round ${reply.round}` });
        const uses = toolUses(reply.content);
        const answers = results.filter((result) => result.round === reply.round);
        for (const result of answers) {
          const use = uses[result.slot - 1];
          if (use?.id === result.block.tool_use_id) continue;
          found.push({ id, what: `the result at ${result.round}/${result.slot} belongs to no call there` });
        }
        const complete = state === 'succeeded' || place < replies.length - 1;
        if (complete && answers.length !== uses.length) {
          found.push({ id, what: `round ${place} has ${uses.length} calls and ${answers.length} results` });
        }
      }
      const orphans = results.filter((result) => !replies.some((reply) => reply.round === result.round));
      if (orphans.length > 0) found.push({ id, what: `${orphans.length} results without their reply` });
      if (state === 'succeeded' && replies.length === 0)
        found.push({ id, what: 'succeeded without a reply' });
      return found;
    });
  },
};
