import { randomUUID } from 'node:crypto';
import Fastify from 'fastify';
import pg from 'pg';

/** What accepting a job is compared with: fastify, a JSON body, and one flushed insert before the answer. */
const pool = new pg.Pool({ connectionString: process.env.STORE_URL, max: 10 });
await pool.query('CREATE TABLE IF NOT EXISTS bare (id text PRIMARY KEY, body text NOT NULL)');
const app = Fastify();
app.post('/v1/jobs', async (request, reply) => {
  const id = randomUUID();
  await pool.query({
    name: 'insert',
    text: 'INSERT INTO bare (id, body) VALUES ($1, $2)',
    values: [id, JSON.stringify(request.body)],
  });
  return reply.code(202).send({ id });
});
console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
process.on('SIGTERM', () => {
  void app.close().then(() => pool.end());
});
