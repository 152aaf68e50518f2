export type { Script, ScriptedReply, SimulatorConfig } from './control.ts';
export type { LoggedRequest } from './request-log.ts';
export { type RunningSimulator, type SimulatorOptions, startSimulator } from './start-simulator.ts';
export type { JobStats, SimulatorStats } from './stats.ts';
