import { type Command, InvalidArgumentError } from 'commander';

/** Adds the options that say which fleet a command talks to, and how it answers. */
export function withFleetOptions(command: Command): Command {
  return withFleet(command).option('--json', 'print JSON for programs');
}

/** Adds the options that say which fleet a command talks to. */
export function withFleet(command: Command): Command {
  return command
    .option('--url <url>', 'a running fleet (default: FLEET_URL, else the one that owns the data folder)')
    .option('--data <folder>', 'data folder of the embedded fleet (default: .fleet)')
    .option('--config <file>', 'configuration file with mcpServers and agents')
    .option('--model <name>', 'model of a fleet that this command starts');
}

/** Adds the repeatable option that names MCP servers by their path. */
export function withServers(command: Command, what = 'MCP server (.py, .js, .ts); repeatable'): Command {
  const collect = (value: string, previous: string[] = []) => [...previous, value];
  return command.option('--server <path>', what, collect);
}

/** A parser of whole numbers for an option; a misfit is refused before anything is started. */
export function wholeNumber(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
}

/** US dollars, with or without cents. */
export function dollars(value: string): number {
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (number <= 1_000_000) return number;
  throw new InvalidArgumentError('Expected US dollars, such as 2 or 0.5, up to 1000000.');
}

/** Lets an option be `none` as well; commander takes a null for a value that is missing. */
export function orNone(parse: (value: string) => number): (value: string) => number | 'none' {
  return (value) => {
    if (value === 'none') return value;
    try {
      return parse(value);
    } catch (thrown) {
      if (!(thrown instanceof InvalidArgumentError)) throw thrown;
      throw new InvalidArgumentError(`${thrown.message} Or none.`);
    }
  };
}

export const orNull = (value: number | 'none'): number | null => (value === 'none' ? null : value);

export const portNumber = wholeNumber(0, 65_535);
