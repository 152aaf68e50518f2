import { FleetError } from '@mcp-fleet/core';
import type { Api } from './parts.ts';

/** Arrays and objects in one another that a body may have. Deeper ones exhaust the stack of whoever walks them. */
export const mostNesting = 100;
export const tooDeep = `nested too deeply: arrays and objects may stand in one another ${mostNesting} deep. Send it flatter, or as a text.`;

/** Reads JSON bodies that are not nested too deeply; the text is measured before anything is built from it. */
export function parseJsonBodies(app: Api): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (!isDeeper(body, mostNesting)) return parse(request, body, done);
    done(new FleetError('invalid_request', `The body is ${tooDeep}`));
  });
}

const [quote, backslash] = [0x22, 0x5c];
/** Square and curly brackets differ in this bit alone. */
const curly = 0x20;
const [opening, closing] = [0x7b, 0x7d];

/** True when brackets outside of strings stand deeper in one another than this. */
export function isDeeper(json: string, most: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (inString) {
      if (code === backslash) at += 1;
      else if (code === quote) inString = false;
    } else if (code === quote) inString = true;
    else if ((code | curly) === opening) {
      depth += 1;
      if (depth > most) return true;
    } else if ((code | curly) === closing) depth -= 1;
  }
  return false;
}
