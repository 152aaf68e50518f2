import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { defectNamed } from './all-defects.ts';
import { applied } from './defect.ts';

/**
 * Preloaded into a process of the fleet by the suite alone: changes the source text of one module as it is
 * loaded, as `CHAOS_DEFECT` says. Leaves a mark, so that the suite knows that the defect was there.
 */
const { CHAOS_DEFECT = '', CHAOS_FOLDER = '.' } = process.env;
const { source: change } = defectNamed(CHAOS_DEFECT);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (change === undefined || !url.endsWith(change.module)) return loaded;
    let text = String(loaded.source);
    for (const { find, by } of change.replacements) {
      if (!text.includes(find)) fail(`${change.module} no longer contains ${JSON.stringify(find)}`);
      text = text.replace(find, by);
    }
    writeFileSync(join(CHAOS_FOLDER, 'defects', `${process.pid}`), applied);
    return { ...loaded, source: text };
  },
});

function fail(reason: string): never {
  writeFileSync(join(CHAOS_FOLDER, 'defects', `${process.pid}.failed`), reason);
  throw new Error(`The defect ${CHAOS_DEFECT} does not apply: ${reason}.`);
}
