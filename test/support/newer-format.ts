import { registerHooks } from 'node:module';

/** A preload module: the process is of a later version, whose stored jobs have a format of their own. */
const format = /export const jobFormat = (\d+);/;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith('/packages/core/src/job.ts')) return loaded;
    const text = String(loaded.source);
    const found = format.exec(text);
    if (!found) throw new Error('packages/core/src/job.ts no longer says which format it writes');
    return { ...loaded, source: text.replace(format, `export const jobFormat = ${Number(found[1]) + 1};`) };
  },
});
