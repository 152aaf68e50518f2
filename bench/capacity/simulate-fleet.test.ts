import { expect, test } from 'vitest';
import { type FleetModel, simulateFleet } from './simulate-fleet.ts';

const model: FleetModel = { places: 1, calls: 2, modelMs: 100, cores: 2, cpuMs: 6 };

test('one place: a job after the other, each its calls and its processor time', () => {
  expect(simulateFleet(model, 50).jobsPerSecond).toBeCloseTo(1_000 / 206, 3);
});

test('few places beside many processors: as many times one place', () => {
  const { jobsPerSecond } = simulateFleet({ ...model, places: 8, cores: 64 }, 8_000);
  expect(jobsPerSecond).toBeCloseTo((8 * 1_000) / 206, 1);
});

test('very many places: the processors are what there is', () => {
  const { jobsPerSecond, load } = simulateFleet({ ...model, places: 10_000 }, 100_000);
  expect(load).toBeGreaterThan(0.98);
  expect(jobsPerSecond).toBeGreaterThan(0.98 * ((2 * 1_000) / 6));
  expect(jobsPerSecond).toBeLessThanOrEqual((2 * 1_000) / 6);
});

test('in between it is below both bounds, by the waiting of one for another', () => {
  const { jobsPerSecond } = simulateFleet({ ...model, places: 64 }, 20_000);
  expect(jobsPerSecond).toBeLessThan(Math.min((64 * 1_000) / 206, (2 * 1_000) / 6));
  expect(jobsPerSecond).toBeGreaterThan(0.9 * Math.min((64 * 1_000) / 206, (2 * 1_000) / 6));
});
