import { z } from 'zod';

const snake = (key: string) => key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * The same schema with the keys of its objects in snake_case, and without defaults. Keys of records are not the
 * schema's: they stay as they are.
 */
export function inSnakeCase(schema: z.core.$ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return inSnakeCase(schema.unwrap());
  if (schema instanceof z.ZodOptional) return z.optional(inSnakeCase(schema.unwrap()));
  if (!(schema instanceof z.ZodObject)) return schema as z.ZodType;
  const fields = Object.entries(schema.shape as z.core.$ZodLooseShape);
  return z.strictObject(Object.fromEntries(fields.map(([key, field]) => [snake(key), inSnakeCase(field)])));
}

/** A value of the schema with its keys in snake_case. */
export function toSnakeCase(schema: z.core.$ZodType, value: unknown): unknown {
  return renamed(schema, value, (key) => [key, snake(key)]);
}

/** A value of the schema in snake_case with its keys as the schema has them. */
export function fromSnakeCase(schema: z.core.$ZodType, value: unknown): unknown {
  return renamed(schema, value, (key) => [snake(key), key]);
}

function renamed(
  schema: z.core.$ZodType,
  value: unknown,
  names: (key: string) => [from: string, to: string],
): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return renamed(schema.unwrap(), value, names);
  }
  if (!(schema instanceof z.ZodObject) || typeof value !== 'object' || value === null) return value;
  const given = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(schema.shape as z.core.$ZodLooseShape).flatMap(([key, field]) => {
      const [from, to] = names(key);
      return given[from] === undefined ? [] : [[to, renamed(field, given[from], names)]];
    }),
  );
}
