import { isIP } from 'node:net';
import { FleetError } from '@mcp-fleet/core';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** IPv6 addresses that are assigned to the public Internet (RFC 4291); older and special forms are outside. */
const publicIPv6 = ipaddr.IPv6.parseCIDR('2000::/3');

/** Public by its number, but every machine on Azure reaches its host's services there. */
const azureHostServices = '168.63.129.16';

/**
 * Which addresses may be reached: those of the public Internet, and what an operator allows on top. An entry is a
 * host name, an address, or a CIDR range. Throws `invalid_config` for an entry that is none.
 */
export class AddressPolicy {
  readonly #hosts = new Set<string>();
  readonly #ranges: [Address, number][] = [];

  constructor(allow: readonly string[] = []) {
    for (const entry of allow) this.#allow(entry);
  }

  #allow(entry: string): void {
    if (ipaddr.isValidCIDR(entry)) {
      this.#ranges.push(ipaddr.parseCIDR(entry));
      return;
    }
    if (isIP(entry) !== 0) {
      const address = ipaddr.parse(entry);
      this.#ranges.push([address, address.kind() === 'ipv4' ? 32 : 128]);
      return;
    }
    if (!/^[a-z0-9_.-]+$/i.test(entry)) {
      throw new FleetError(
        'invalid_config',
        `WEBHOOK_ALLOW has ${JSON.stringify(entry)}; expected a host name, an address, or a range such as 10.0.0.0/8.`,
      );
    }
    this.#hosts.add(entry.toLowerCase());
  }

  /** True when a host, as a URL has it, was allowed by name or as an address. */
  allowsHost(host: string): boolean {
    const bare = withoutBrackets(host);
    return this.#hosts.has(bare.toLowerCase()) || (isIP(bare) !== 0 && this.#inRanges(ipaddr.parse(bare)));
  }

  /** What kind of address this is when it must not be reached; null when it may be. */
  refusal(address: string): string | null {
    if (isIP(address) === 0) return 'unreadable';
    const parsed = ipaddr.parse(address);
    if (this.#inRanges(parsed)) return null;
    const range = parsed.range();
    if (range !== 'unicast') return range;
    if (parsed instanceof ipaddr.IPv6) return parsed.match(publicIPv6) ? null : 'reserved';
    return parsed.toString() === azureHostServices ? 'metadata' : null;
  }

  #inRanges(address: Address): boolean {
    return this.#ranges.some((range) => range[0].kind() === address.kind() && address.match(range));
  }
}

/** An address that is written in a URL in brackets, without them. */
export function withoutBrackets(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host;
}
