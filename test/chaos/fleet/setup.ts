import type { TcpProxy } from '../../support/tcp-proxy.ts';
import type { BackingServer } from '../backing/backing-server.ts';
import type { TopologyName } from '../options.ts';
import type { Ledgers } from '../servers/ledgers.ts';
import type { StoreView } from '../view/store-view.ts';
import type { ManagedProcess } from './managed-process.ts';
import type { Simulator } from './simulator.ts';

/** A worker process, with the proxies through which alone it reaches queue and store. */
export interface FleetWorker {
  name: string;
  process: ManagedProcess;
  queueProxy: TcpProxy;
  storeProxy: TcpProxy;
  /** Milliseconds by which its clock is wrong from its next start on. */
  clockShiftMs: number;
}

/** Everything of one run that faults may harm. */
export interface Fleet {
  topology: TopologyName;
  folder: string;
  apiUrl: string;
  api: ManagedProcess;
  reconciler: ManagedProcess;
  workers: FleetWorker[];
  simulator: Simulator;
  httpTools: ManagedProcess;
  ledgers: Ledgers;
  /** The same server in the postgres topology. */
  queueServer: BackingServer;
  storeServer: BackingServer;
  queueName: string;
  /** Looks into the store, past every proxy. */
  view: StoreView;
}

/** How a run's fleet differs from the usual one. */
export interface FleetSetup {
  topology: TopologyName;
  folder: string;
  durability: 'default' | 'strict';
  /** Name of the deliberate defect that the fleet's processes are started with. */
  defect: string | null;
}

/** The name under which the fleet keeps its queue. */
export const queueName = 'chaos';
/** Milliseconds for which a worker's lock on a job holds. */
export const queueLockMs = 2_000;
/** Limits of the agent: short, so that much happens in a short run. */
export const limits = {
  modelRetries: 30,
  toolRetries: 30,
  crashes: 20,
  toolTimeoutMs: 3_000,
  modelTimeoutMs: 3_000,
  toolResultChars: 2_000,
};
