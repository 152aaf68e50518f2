import { type Database, flushed, lazy } from '../database.ts';

const pageSize = 5_000;

/**
 * In pieces, the batch itself last, so that a deletion that was cut off can be repeated. The batch is held first,
 * so that nothing goes on in it meanwhile: it is ended, and its lines are not retried.
 */
export async function deleteBatch(
  database: Database,
  tenant: string,
  id: string,
): Promise<'deleted' | 'not_ended' | 'absent'> {
  const { batches, clock } = database;
  const held = await batches.updateOne(
    { _id: id, tenant, state: { $in: ['ended', 'uploading'] } },
    { $set: { state: 'ended', ended_at: clock.now(), deleting: true } },
    flushed,
  );
  if (held.matchedCount === 0) {
    const known = await batches.findOne({ _id: id, tenant }, { projection: { _id: 1 } });
    return known ? 'not_ended' : 'absent';
  }
  while (await eraseJobs(database, id));
  while (await eraseLines(database, id));
  await batches.deleteOne({ _id: id }, flushed);
  return 'deleted';
}

/**
 * The ids of a batch's jobs lie between these two, whatever their line and run. Jobs of a session are turns of a
 * conversation, and stay with it.
 */
async function eraseJobs({ jobs, steps, claims, approvals, blobs }: Database, id: string): Promise<boolean> {
  const begin = `job_${id.slice(id.indexOf('_') + 1)}`;
  const filter = { _id: { $gte: `${begin}-`, $lt: `${begin}.` }, batch_id: id, session_id: null };
  const found = await jobs
    .find(filter, { projection: { _id: 1 } })
    .limit(pageSize)
    .toArray();
  if (found.length === 0) return false;
  const ids = found.map(({ _id }) => _id);
  const files = await blobs.find({ 'metadata.job_id': { $in: ids } }).toArray();
  for (const file of files) await blobs.delete(file._id);
  const ofJobs = { job_id: { $in: ids } };
  await Promise.all([approvals, claims, steps].map((each) => each.deleteMany(ofJobs, lazy)));
  await jobs.deleteMany({ _id: { $in: ids } }, lazy);
  return true;
}

async function eraseLines({ lines }: Database, id: string): Promise<boolean> {
  const found = await lines
    .find({ batch_id: id }, { projection: { _id: 1 } })
    .limit(pageSize)
    .toArray();
  if (found.length === 0) return false;
  await lines.deleteMany({ _id: { $in: found.map(({ _id }) => _id) } }, lazy);
  return true;
}
