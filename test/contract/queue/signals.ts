import type { FleetSignal, Signals } from '@mcp-fleet/queue';
import { expect, test } from 'vitest';
import { until } from '../../support/until.ts';
import type { QueueUnderTest } from './queue-contract.ts';

/** What every process of a queue hears of the others. */
export function signalRules(current: () => QueueUnderTest): void {
  const signals = (): Signals => current().backend.signals();

  async function hear() {
    const heard: FleetSignal[] = [];
    const { stop } = await signals().listen((signal) => heard.push(signal));
    return { heard, stop };
  }
  const heardBy = (listener: { heard: FleetSignal[] }, kind: FleetSignal['kind']) =>
    until(kind, async () => listener.heard.some((signal) => signal.kind === kind));

  test('a signal reaches everybody who listens', async () => {
    const listeners = [await hear(), await hear()];
    await signals().publish({ kind: 'rate_limited', model: 'claude-x', forMs: 5 });
    for (const listener of listeners) {
      await heardBy(listener, 'rate_limited');
      expect(listener.heard).toEqual([{ kind: 'rate_limited', model: 'claude-x', forMs: 5 }]);
      await listener.stop();
    }
  });

  test('many ids arrive, each once, and which of them have ended', async () => {
    const listener = await hear();
    const jobIds = Array.from({ length: 250 }, (_, n) => `job_${n}`);
    const ended = ['job_3', 'job_120', 'job_249'];
    await signals().publish({ kind: 'moved', jobIds, ended });
    const moved = () => listener.heard.filter((signal) => signal.kind === 'moved');
    await until('all ids', async () => moved().flatMap((signal) => signal.jobIds).length >= jobIds.length);
    expect(moved().flatMap((signal) => signal.jobIds)).toEqual(jobIds);
    expect(moved().flatMap((signal) => signal.ended)).toEqual(ended);
    await listener.stop();
  });

  test('who has stopped hears no more', async () => {
    const [gone, stays] = [await hear(), await hear()];
    await gone.stop();
    await signals().publish({ kind: 'roll_call' });
    await heardBy(stays, 'roll_call');
    expect(gone.heard).toEqual([]);
    await stays.stop();
  });
}
