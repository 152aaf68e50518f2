import type { Command } from 'commander';

/** Adds the options that say which fleet a command talks to. */
export function withFleetOptions(command: Command): Command {
  return command
    .option('--url <url>', 'a running fleet (default: FLEET_URL, else the one that owns the data folder)')
    .option('--data <folder>', 'data folder of the embedded fleet (default: .fleet)')
    .option('--config <file>', 'configuration file with mcpServers and agents')
    .option('--model <name>', 'model of a fleet that this command starts')
    .option('--json', 'print JSON for programs');
}

/** Collects a repeatable option. */
export function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}
