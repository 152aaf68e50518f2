import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import type { AddressPolicy } from './address-policy.ts';

/** Thrown before a connection to an address that the policy does not allow. */
export class RefusedAddress extends Error {
  constructor(host: string, kind: string) {
    super(`The host ${host} leads to an address that is not public (${kind}).`);
    this.name = 'RefusedAddress';
  }
}

/** Names to addresses; that of the system unless a test has its own. */
export type Lookup = LookupFunction;

/**
 * An agent that looks at the very addresses it is about to connect to. A name is resolved once for a connection,
 * by the connection itself, so that a name that leads elsewhere a moment later gains nothing.
 */
export function guardedAgent(policy: AddressPolicy, lookup: Lookup = systemLookup): Agent {
  const connect = buildConnector({ lookup: guardedLookup(policy, lookup) });
  return new Agent({
    connect(options, callback) {
      const { hostname } = options;
      const kind = isIP(hostname) === 0 ? null : policy.refusal(hostname);
      if (kind !== null) return callback(new RefusedAddress(hostname, kind), null);
      connect(options, callback);
    },
  });
}

function guardedLookup(policy: AddressPolicy, lookup: Lookup): Lookup {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = Array.isArray(found) ? found : [];
      if (error !== null || addresses.length === 0) return callback(error ?? notFound(hostname), []);
      const kinds = policy.allowsHost(hostname)
        ? []
        : addresses.map(({ address }) => policy.refusal(address));
      const kind = kinds.find((each) => each !== null);
      if (kind) return callback(new RefusedAddress(hostname, kind), []);
      if (options.all) return callback(null, addresses);
      const [first] = addresses;
      callback(null, first?.address ?? '', first?.family);
    });
  };
}

function notFound(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`The host ${hostname} has no address.`), { code: 'ENOTFOUND' });
}
