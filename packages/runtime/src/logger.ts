import type { FleetEvent, JobRef } from '@mcp-fleet/core';
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

/** A JSON logger; every line carries the service's name. Contents of jobs are never logged. */
export function createLogger(service: string, level: string, destination?: DestinationStream): Logger {
  const options = { level, base: { service }, timestamp: pino.stdTimeFunctions.isoTime };
  return destination ? pino(options, destination) : pino(options);
}

/** Logs what happens to jobs: one line at a job's end, and one for each turn that it takes otherwise. */
export function logEvents(logger: Logger): (event: FleetEvent) => void {
  return (event) => {
    const job = logged(event.job);
    switch (event.type) {
      case 'job_ended': {
        const { state, error, totals, durationMs } = event;
        const line = { ...job, state, durationMs, ...totals, ...(error ? { code: error.code } : {}) };
        if (error) logger.warn(line, 'job failed');
        else logger.info(line, 'job ended');
        return;
      }
      case 'job_parked':
        logger.info({ ...job, waitMs: event.waitMs, code: event.reason.split(':')[0] }, 'job parked');
        return;
      case 'approval_requested':
      case 'approval_decided': {
        // A listener gets no arguments of the call and no reason.
        const { type, ...about } = event;
        logger.info({ ...about, ...job, job: undefined }, type.replaceAll('_', ' '));
        return;
      }
      case 'job_handed_back':
      case 'job_superseded':
        logger.info(job, event.type.replaceAll('_', ' '));
        return;
      case 'job_taken':
        logger.debug({ ...job, recordedSteps: event.recordedSteps }, 'job taken');
        return;
      default:
        return;
    }
  };
}

/** What says in every line which job it is about, and by which trace it can be found. */
function logged({ trace, ...job }: JobRef): Record<string, unknown> {
  return trace === null ? job : { ...job, traceId: trace.split('-')[1] };
}
