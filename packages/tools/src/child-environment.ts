import type { Environment } from './expand-variables.ts';

/** What every child gets; the same as the MCP SDK gives, and the language of its messages. */
const inherited = ['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER', 'LANG'];

/** The environment of a stdio server: a few base variables and what its own entry names, nothing else. */
export function childEnvironment(
  base: Environment,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const basic = inherited.flatMap((key) => (base[key] === undefined ? [] : [[key, base[key]]]));
  return { ...Object.fromEntries(basic), ...own };
}
