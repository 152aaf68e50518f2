import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ContextStore, JobQueue, PriceList, ToolDefinition, ToolProvider } from '@mcp-fleet/core';
import type { OpenQueue, Signals } from '@mcp-fleet/queue';
import type { Agents, FleetMetrics, HealthChecks, Logger, Tracing } from '@mcp-fleet/runtime';
import type { AddressPolicy } from '@mcp-fleet/webhooks';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Authenticator } from './auth/authenticator.ts';
import type { Limits } from './auth/limits.ts';
import type { Enqueuer } from './enqueuer.ts';
import type { JobEvents } from './job-events.ts';
import type { JobWatch } from './job-watch.ts';
import type { MessagesOptions } from './messages/messages-options.ts';
import type { WorkerRoster } from './worker-roster.ts';

/** What the api is made of. */
export interface ApiParts extends ApiSetup {
  enqueuer: Enqueuer;
}

/** What the api is given. */
export interface ApiSetup {
  store: ContextStore;
  queue: JobQueue;
  /** What BullMQ itself has in the queue. */
  openQueues: () => Promise<OpenQueue[]>;
  /** How workers are told at once of what concerns a job that they run. */
  signals: Pick<Signals, 'publish'>;
  agents: Agents;
  prices: PriceList;
  metrics: FleetMetrics;
  logger: Logger;
  ready: HealthChecks;
  /** Where webhooks may lead. */
  webhookAddresses: AddressPolicy;
  authenticator: Authenticator;
  limits: Limits;
  /** Event streams that one key, or one tenant without a key, may have open at this api. */
  streamsPerKey: number;
  /** Events of jobs that run in this process; jobs elsewhere are followed through the store. */
  events: JobEvents;
  /** News of jobs that run in other processes. */
  watch: JobWatch;
  /** The workers of the whole fleet. */
  roster: WorkerRoster;
  /** Present where the process has tool servers of its own, so that tools can be listed and tried. */
  tools: OfferedTools | null;
  messages: MessagesOptions;
  tracing: Tracing | null;
}

/** Tools with what the configuration says about each. */
export interface OfferedTools extends ToolProvider {
  offered(name: string, signal: AbortSignal): Promise<ToolDefinition | undefined>;
}

/** The HTTP server, whose routes take their types from their zod schemas. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;
