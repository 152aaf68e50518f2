import { z } from 'zod';

const mostMetadata = 64;

/** Bodies with a key `__proto__` are refused before a schema sees them; this one says so. */
const metadataName = z
  .string()
  .max(64)
  .regex(/^(?!__proto__$)/);

export const metadata = z
  .record(metadataName, z.string().max(512))
  .refine(
    (entries) => Object.keys(entries).length <= mostMetadata,
    `expected at most ${mostMetadata} entries`,
  )
  .meta({ maxProperties: mostMetadata });

/** A block of content in Anthropic's form; blocks of kinds that the fleet does not know pass as they are. */
export const contentBlock = z.looseObject({ type: z.string() }).meta({ id: 'ContentBlock' });

/** A point in time that a caller sends, ISO 8601 with its offset, such as `2026-11-24T20:00:00Z`. */
export const sentTime = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

/** A point in time as the API shows it, in UTC. */
export const shownTime = z.iso.datetime();

// biome-ignore lint/suspicious/noControlCharactersInRegex: PostgreSQL has no text with a NUL in it.
const withoutNul = [/^[^\u0000]*$/, 'expected a text without NUL characters'] as const;

/** Text that every store can keep and look for as it is. */
export const plainText = z.string().regex(...withoutNul);
export const plainUrl = z
  .url({ protocol: /^https?$/ })
  .refine((url) => !url.includes('\0'), 'expected a URL without NUL characters');

/** Ids are printable ASCII. */
const anyId = z.string().regex(/^[ -~]*$/, 'expected printable ASCII');

export const id = anyId.min(1).max(64);
export const longId = anyId.max(128);
export const idParams = z.object({ id });

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(20).describe('Rows of a page.'),
  after_id: id.optional().describe('The `last_id` of the page before.'),
});

/** A page of a list, newest first. */
export const pageOf = <Row extends z.ZodType>(row: Row) =>
  z.object({
    data: z.array(row),
    has_more: z.boolean(),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
  });

export const listOf = <Row extends z.ZodType>(row: Row) => z.object({ data: z.array(row) });

export const errorBody = z
  .object({
    type: z.literal('error'),
    error: z.object({
      type: z.string().describe('One of the kinds that users of the Anthropic API know.'),
      code: z.string().describe('What exactly happened; stable.'),
      message: z.string(),
    }),
    request_id: z.string(),
  })
  .meta({ id: 'ErrorBody' });

/** What every route may answer beside its own answers. */
export const refusals = { '4xx': errorBody, '5xx': errorBody };
