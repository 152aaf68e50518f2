import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { median } from './results.ts';

/** The packages whose versions decide what is measured. */
const packages = [
  '@anthropic-ai/sdk',
  '@modelcontextprotocol/sdk',
  'bullmq',
  'ioredis',
  'mongodb',
  'pg',
  'undici',
];

/** What a measurement belongs to: the machine, the servers, and the versions of what is used. */
export async function printMachine(): Promise<void> {
  const [cpu] = cpus();
  const { platform, arch, version } = process;
  const memory = Math.round(totalmem() / 2 ** 30);
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  console.log(
    `${cpus().length} × ${cpu?.model}, ${memory} GiB, ${platform} ${arch}, Node ${version}, commit ${commit}`,
  );
  console.log([await redisVersion(), await postgresVersion()].filter((line) => line !== null).join('; '));
  console.log(packages.map((name) => `${name} ${versionOf(name)}`).join(', '));
  console.log(
    `a flush (fdatasync of 8 KB in the folder for temporary files): ${flushMs().toFixed(2)} ms, median of 50`,
  );
}

function versionOf(name: string): string {
  const manifest = join(import.meta.dirname, '../../node_modules', name, 'package.json');
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}

async function redisVersion(): Promise<string | null> {
  const { TEST_REDIS_URL: url } = process.env;
  if (!url) return null;
  const redis = new Redis(url);
  const info = await redis.info('server');
  redis.disconnect();
  return `Redis ${/redis_version:(\S+)/.exec(info)?.[1]}`;
}

async function postgresVersion(): Promise<string | null> {
  const { TEST_POSTGRES_URL: connectionString } = process.env;
  if (!connectionString) return null;
  const client = new pg.Client({ connectionString });
  await client.connect();
  const show = async (name: string) => (await client.query(`SHOW ${name}`)).rows[0][name];
  const text = `PostgreSQL ${await show('server_version')}, fsync ${await show('fsync')}`;
  await client.end();
  return text;
}

/** Milliseconds of one flush of a page to the disk. */
function flushMs(): number {
  const folder = mkdtempSync(join(tmpdir(), 'fleet-flush-'));
  const file = openSync(join(folder, 'log'), 'w');
  const page = Buffer.alloc(8_192, 1);
  const times = Array.from({ length: 50 }, () => {
    writeSync(file, page);
    const begun = performance.now();
    fdatasyncSync(file);
    return performance.now() - begun;
  });
  closeSync(file);
  rmSync(folder, { recursive: true });
  return median(times);
}
