import { type Appended, FleetError, type NewLine, type UploadedLines } from '@mcp-fleet/core';
import { decodeAgents, encode } from '../../record-codec.ts';
import { type Database, flushed, insertNew } from '../database.ts';
import { type BatchDoc, type LineDoc, lineKey, newLineDocument } from './batch-documents.ts';

/**
 * The upload takes a number in the batch, stores its lines with it, and counts them in the write that moves the
 * batch on if no other upload has taken a number since. Until then nobody sees them: they lie behind the batch's
 * last line. What an upload left there that was cut off, or came second, makes way for the lines of a later one.
 */
export async function appendLines(
  database: Database,
  tenant: string,
  id: string,
  upload: UploadedLines,
): Promise<Appended> {
  const batch = await begin(database, tenant, id, upload.offset);
  if (batch === null) return refusal(database, tenant, id);
  checkNumbers(batch, upload);
  const stored = await store(database, batch, upload);
  if (stored !== null && (await keep(database, batch, upload, stored))) {
    return {
      kind: 'appended',
      duplicates: upload.lines.map(({ n }) => n).filter((n) => stored.duplicates.has(n)),
    };
  }
  const refused = await refusal(database, tenant, id);
  // It was deleted meanwhile, perhaps before these lines were stored.
  if (refused.kind === 'absent') await database.lines.deleteMany({ batch_id: id }, flushed);
  return refused;
}

/** The batch with the number of this upload, if that goes on where the batch stands. */
function begin({ batches }: Database, tenant: string, id: string, offset: number): Promise<BatchDoc | null> {
  return batches.findOneAndUpdate(
    { _id: id, tenant, state: 'uploading', bytes: offset },
    { $inc: { uploads: 1 } },
    { ...flushed, returnDocument: 'after' },
  );
}

/** A line with the number of one that is stored would replace it. */
function checkNumbers({ _id, last_line }: BatchDoc, { lines, lastLine }: UploadedLines): void {
  const wrong = lines.find(({ n }, index) => n <= (lines[index - 1]?.n ?? last_line) || n > lastLine);
  if (wrong === undefined) return;
  throw new FleetError(
    'internal',
    `Batch ${_id} was given line ${wrong.n} out of order between lines ${last_line} and ${lastLine}.`,
  );
}

async function refusal({ batches }: Database, tenant: string, id: string): Promise<Appended> {
  const batch = await batches.findOne({ _id: id, tenant }, { projection: { state: 1, bytes: 1 } });
  if (!batch) return { kind: 'absent' };
  if (batch.state !== 'uploading') return { kind: 'closed', state: batch.state };
  return { kind: 'elsewhere', bytes: batch.bytes };
}

interface Stored {
  invalid: number;
  duplicates: Set<number>;
}

/** Null when a later upload stores lines at the same place. */
async function store(database: Database, batch: BatchDoc, upload: UploadedLines): Promise<Stored | null> {
  const { lines } = upload;
  const duplicates = repeated(lines);
  const documents = () =>
    lines.map((line) =>
      newLineDocument(batch._id, batch.uploads, duplicates.has(line.n) ? asDuplicate(line) : line),
    );
  for (let missing = documents(); !(await insertNew(database.lines, missing, flushed)); ) {
    const standing = await inTheWay(database, batch, missing);
    if (standing.some(({ upload }) => upload > batch.uploads)) return null;
    const isLeftOver = ({ n, upload }: LineDoc) => n > batch.last_line && upload < batch.uploads;
    await clear(database, batch, standing.filter(isLeftOver));
    const taken = new Set(standing.filter(({ n }) => n <= batch.last_line).map((line) => line.custom_id));
    for (const { n, custom_id } of missing)
      if (custom_id !== undefined && taken.has(custom_id)) duplicates.add(n);
    const mine = new Set(standing.filter(({ upload }) => upload === batch.uploads).map(({ _id }) => _id));
    missing = documents().filter(({ _id }) => !mine.has(_id));
  }
  await clearGaps(database, batch, upload);
  const invalid = documents().filter(({ state }) => state === 'invalid').length;
  return { invalid, duplicates };
}

/** Lines whose custom id an earlier one of the same upload has. */
function repeated(lines: readonly NewLine[]): Set<number> {
  const seen = new Set<string>();
  const found = new Set<number>();
  for (const { n, customId } of lines) {
    if (customId === null) continue;
    if (seen.has(customId)) found.add(n);
    seen.add(customId);
  }
  return found;
}

const asDuplicate = ({ n, customId }: NewLine): NewLine => ({
  n,
  customId: null,
  sessionId: null,
  body: null,
  problem: `custom_id: ${JSON.stringify(customId)} is that of an earlier line; it has to be unique in a batch`,
});

/** Stored lines with the number or the custom id of one that is to be stored. */
function inTheWay({ lines }: Database, { _id }: BatchDoc, missing: readonly LineDoc[]): Promise<LineDoc[]> {
  const customIds = missing.flatMap(({ custom_id }) => custom_id ?? []);
  return lines
    .find(
      {
        $or: [
          { _id: { $in: missing.map((line) => line._id) } },
          { batch_id: _id, custom_id: { $in: customIds } },
        ],
      },
      { projection: { n: 1, custom_id: 1, upload: 1 } },
    )
    .toArray();
}

/** Where this upload has a blank line, nothing may be left of one before it. */
async function clearGaps(
  { lines }: Database,
  { _id, last_line, uploads }: BatchDoc,
  upload: UploadedLines,
): Promise<void> {
  if (upload.lines.length === upload.lastLine - last_line) return;
  const range = { $gt: lineKey(_id, last_line), $lte: lineKey(_id, upload.lastLine) };
  await lines.deleteMany({ _id: range, upload: { $lt: uploads } }, flushed);
}

/** Unless a later upload has stored them anew meanwhile. */
async function clear({ lines }: Database, { uploads }: BatchDoc, leftOver: LineDoc[]): Promise<void> {
  if (leftOver.length === 0) return;
  const ids = leftOver.map(({ _id }) => _id);
  await lines.deleteMany({ _id: { $in: ids }, upload: { $lt: uploads } }, flushed);
}

/** False when a later upload has begun, or the batch takes no lines any more. */
async function keep(
  { batches }: Database,
  { _id, uploads, agents }: BatchDoc,
  upload: UploadedLines,
  { invalid }: Stored,
): Promise<boolean> {
  const kept = await batches.updateOne(
    { _id, uploads, state: 'uploading' },
    {
      $set: {
        bytes: upload.offset + upload.bytes,
        last_line: upload.lastLine,
        agents: encode({ ...upload.agents, ...decodeAgents(agents) }),
      },
      $inc: { 'counts.waiting': upload.lines.length - invalid, 'counts.invalid': invalid },
    },
    flushed,
  );
  return kept.matchedCount === 1;
}
