import { expect, test } from 'vitest';
import { ProgressWatch } from './progress-watch.ts';

function watched(waiting: number | Error) {
  const state = { waiting, room: true, restarts: 0 };
  const watch = new ProgressWatch({
    waiting: async () => {
      if (state.waiting instanceof Error) throw state.waiting;
      return state.waiting;
    },
    hasRoom: () => state.room,
    restart: async () => {
      state.restarts += 1;
    },
  });
  const look = async (times: number) => {
    for (let n = 0; n < times; n += 1) await watch.look();
  };
  return { watch, state, look };
}

test('a consumer that takes nothing although ids wait is restarted, again and again', async () => {
  const { watch, state, look } = watched(3);
  await look(3);
  expect(state.restarts).toBe(0);
  await look(1);
  expect(state.restarts).toBe(1);
  expect(watch.stuckForMs).toBeGreaterThan(0);
  await look(3);
  expect(state.restarts).toBe(2);
});

test('one that takes, has no room, or has nothing to take is left alone', async () => {
  const taking = watched(3);
  for (let n = 0; n < 10; n += 1) {
    taking.watch.took();
    await taking.look(1);
  }
  const full = watched(3);
  full.state.room = false;
  await full.look(10);
  const idle = watched(0);
  await idle.look(10);
  const away = watched(new Error('the queue is away'));
  await away.look(10);
  for (const { state, watch } of [taking, full, idle, away]) {
    expect([state.restarts, watch.stuckForMs]).toEqual([0, 0]);
  }
});

test('a take ends the stand-still', async () => {
  const { watch, look } = watched(3);
  await look(3);
  watch.took();
  expect(watch.stuckForMs).toBe(0);
});
