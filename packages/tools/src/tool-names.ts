import { createHash } from 'node:crypto';

/** Longest name that models accept, in characters of `[a-zA-Z0-9_-]`. */
const longest = 64;
const separator = '__';
const digestLength = 12;
const digestEnding = /-[0-9a-f]{12}$/;

/**
 * The name under which a server's tool is offered: `server__tool` where that obeys the models' rule and reads
 * back unambiguously, otherwise as much of it as fits followed by `-` and a digest of both names. It depends
 * on nothing else, so every worker offers the same name.
 */
export function offeredName(server: string, tool: string): string {
  const plain = server + separator + tool;
  if (isPlain(plain, server)) return plain;
  const digest = createHash('sha256')
    .update(JSON.stringify([server, tool]))
    .digest('hex');
  return `${clean(plain).slice(0, longest - digestLength - 1)}-${digest.slice(0, digestLength)}`;
}

/** Plain names split at their first separator into what they were made of, and never look like digested ones. */
function isPlain(plain: string, server: string): boolean {
  return (
    plain.length <= longest &&
    /^[a-zA-Z0-9_-]+$/.test(plain) &&
    plain.indexOf(separator) === server.length &&
    !digestEnding.test(plain)
  );
}

function clean(name: string): string {
  return name.replace(/[^a-zA-Z0-9_-]/g, '_');
}

/** Whether an offered name may belong to a server, as far as can be told without its tool list. */
export function mayBelongTo(offered: string, server: string): boolean {
  const prefix = clean(server) + separator;
  if (offered.startsWith(prefix)) return true;
  const isCut = offered.length === longest && digestEnding.test(offered);
  return isCut && prefix.startsWith(offered.replace(digestEnding, ''));
}

/**
 * Whether an agent that is allowed these patterns gets a tool. A pattern is `server__tool` or `server__*`, with
 * names as configured or as offered; no patterns at all allow everything.
 */
export function isAllowed(patterns: readonly string[] | undefined, server: string, tool: string): boolean {
  if (patterns === undefined) return true;
  const raw = server + separator;
  return patterns.some(
    (pattern) =>
      pattern === `${raw}*` ||
      pattern === `${clean(server)}${separator}*` ||
      pattern === raw + tool ||
      pattern === offeredName(server, tool),
  );
}

/** Whether a pattern may allow a tool of this server. */
export function concerns(pattern: string, server: string): boolean {
  return pattern.startsWith(server + separator) || mayBelongTo(pattern, server);
}

/** Orders by server, then tool, by code unit: the same on every machine and in every locale. */
export function compareTools(
  a: { server: string; tool: string },
  b: { server: string; tool: string },
): number {
  return compareText(a.server, b.server) || compareText(a.tool, b.tool);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
