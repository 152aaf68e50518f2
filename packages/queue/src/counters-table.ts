export const countersTable = 'fleet_counters';

/** Serialises the creation by several processes; the number spells COUN. */
const creationLock = 0x434f554e;

/**
 * SQL that creates the table of counters in the form that rate-limiter-flexible has. Unlogged: a crash of the server
 * empties it, and the minute begins anew. It is one transaction, being one message to the server.
 */
export const createCounters = (schema: string): string => `
  SELECT pg_advisory_xact_lock(${creationLock});
  CREATE UNLOGGED TABLE IF NOT EXISTS ${schema}.${countersTable} (
    key varchar(255) PRIMARY KEY,
    points integer NOT NULL DEFAULT 0,
    expire bigint
  );`;
