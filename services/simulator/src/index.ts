export type { BatchSnapshot } from './batches.ts';
export type { BatchScript, Script, ScriptedReply, SimulatorConfig } from './control.ts';
export type { LoggedRequest } from './request-log.ts';
export { type RunningSimulator, type SimulatorOptions, startSimulator } from './start-simulator.ts';
export type { JobStats, SimulatorStats } from './stats.ts';
