/** Environment variables by name, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

const variable = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Replaces `${NAME}` and `${NAME:-default}` in every string within a JSON value. Other uses of `$` stay.
 *
 * @param missing is told the name and path of each variable that is unset and has no default
 */
export function expandVariables(
  value: unknown,
  env: Environment,
  path: string,
  missing: (name: string, path: string) => void,
): unknown {
  if (typeof value === 'string') return expandText(value, env, (name) => missing(name, path));
  if (Array.isArray(value)) {
    return value.map((item, index) => expandVariables(item, env, `${path}[${index}]`, missing));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, expandVariables(item, env, `${path}.${key}`, missing)]),
  );
}

function expandText(text: string, env: Environment, missing: (name: string) => void): string {
  return text.replaceAll(variable, (whole, name: string, fallback: string | undefined) => {
    const found = env[name];
    if (fallback !== undefined) return found === undefined || found === '' ? fallback : found;
    if (found !== undefined) return found;
    missing(name);
    return whole;
  });
}
