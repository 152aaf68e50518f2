import { MongoClient } from 'mongodb';
import pg from 'pg';

/** Everything that a database of the fleet has, as text; bytes stand there as they are. */
export async function dumpStore(url: string): Promise<string> {
  return url.startsWith('mongodb') ? dumpMongo(url) : dumpPostgres(url);
}

async function dumpPostgres(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'fleet'`,
    );
    const parts: string[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query(`SELECT * FROM fleet.${name}`);
      parts.push(`${name}:`, ...rows.map(textOf));
    }
    return parts.join('\n');
  } finally {
    await client.end();
  }
}

async function dumpMongo(url: string): Promise<string> {
  const client = new MongoClient(url);
  try {
    const parts: string[] = [];
    const database = client.db();
    for (const { name } of await database.listCollections().toArray()) {
      const documents = await database.collection(name).find({}, { promoteBuffers: true }).toArray();
      parts.push(`${name}:`, ...documents.map(textOf));
    }
    return parts.join('\n');
  } finally {
    await client.close();
  }
}

const textOf = (row: object): string =>
  Object.entries(row)
    .map(
      ([key, value]) => `${key}=${Buffer.isBuffer(value) ? value.toString('utf8') : JSON.stringify(value)}`,
    )
    .join(' ');
