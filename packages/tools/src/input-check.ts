import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** Says in one sentence how arguments misfit; undefined when they fit. */
export type InputCheck = (input: unknown) => string | undefined;

const largestSchema = 256 * 1024;
const deepestSchema = 64;
const mostPaths = 10;
const options = { strict: false, allErrors: true, addUsedSchema: false, logger: false } as const;
const draft07Compiler = once(() => addFormats.default(new Ajv(options)));
const defaultCompiler = once(() => addFormats.default(new Ajv2020(options)));
const unchecked: InputCheck = () => undefined;
const checks = new WeakMap<object, InputCheck>();

/**
 * The check of a tool's input schema (JSON Schema 2020-12, or draft-07 where it says so), compiled once per
 * schema object. Nothing is fetched from a network. A schema that is too large, too deep, refers elsewhere or
 * does not compile checks nothing: the server then has to check for itself.
 */
export function inputCheck(schema: Record<string, unknown>): InputCheck {
  const known = checks.get(schema);
  if (known !== undefined) return known;
  const check = isBounded(schema) ? compile(schema) : unchecked;
  checks.set(schema, check);
  return check;
}

function isBounded(schema: unknown): boolean {
  return depth(schema, 0) <= deepestSchema && JSON.stringify(schema).length <= largestSchema;
}

function depth(value: unknown, level: number): number {
  if (typeof value !== 'object' || value === null || level > deepestSchema) return level;
  return Math.max(level, ...Object.values(value).map((item) => depth(item, level + 1)));
}

function compile(schema: Record<string, unknown>): InputCheck {
  const draft07 = typeof schema.$schema === 'string' && schema.$schema.includes('draft-07');
  const ajv = draft07 ? draft07Compiler() : defaultCompiler();
  try {
    const validate = ajv.compile(schema);
    return (input) => (validate(input) ? undefined : misfits(validate));
  } catch {
    return unchecked;
  } finally {
    // The compiler would otherwise keep every schema that it has ever seen.
    ajv.removeSchema(schema);
  }
}

function misfits(validate: ValidateFunction): string {
  const errors = validate.errors ?? [];
  const shown = [...new Set(errors.map(describe))].slice(0, mostPaths).join('; ');
  return `The arguments do not fit the tool's schema: ${shown}. Correct them and call again.`;
}

function describe(error: ErrorObject): string {
  const place = error.instancePath === '' ? 'the arguments' : error.instancePath;
  const { additionalProperty, allowedValues } = error.params;
  if (typeof additionalProperty === 'string') {
    return `${place} must not have the property ${JSON.stringify(additionalProperty)}`;
  }
  const values = Array.isArray(allowedValues) ? ` (${JSON.stringify(allowedValues).slice(0, 200)})` : '';
  return `${place} ${error.message ?? 'does not fit'}${values}`;
}

function once<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
