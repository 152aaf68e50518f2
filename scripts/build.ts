import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `npm run build`: compiles every package into `dist/`, with types, and gives each a package.json that points
 * at the JavaScript, so that `npm publish dist/packages/core` is all that publishing takes.
 */
interface Manifest {
  exports?: Record<string, string>;
  bin?: Record<string, string>;
  [key: string]: unknown;
}

const toJs = (path: string) => path.replace(/\.ts$/, '.js');

function publishable(manifest: Manifest): Manifest {
  const exports = Object.entries(manifest.exports ?? {}).map(([name, path]) => [
    name,
    { types: path.replace(/\.ts$/, '.d.ts'), default: toJs(path) },
  ]);
  const bin = Object.entries(manifest.bin ?? {}).map(([name, path]) => [name, toJs(path)]);
  return {
    ...manifest,
    exports: Object.fromEntries(exports),
    ...(bin.length > 0 ? { bin: Object.fromEntries(bin) } : {}),
    engines: { node: '>=22' },
  };
}

rmSync('dist', { recursive: true, force: true });
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
for (const group of ['packages', 'services']) {
  for (const name of readdirSync(group)) {
    const manifest = join(group, name, 'package.json');
    if (!existsSync(manifest)) continue;
    const content = publishable(JSON.parse(readFileSync(manifest, 'utf8')) as Manifest);
    writeFileSync(join('dist', manifest), `${JSON.stringify(content, null, 2)}\n`);
    cpSync('LICENSE', join('dist', group, name, 'LICENSE'));
    const assets = join(group, name, 'public');
    if (existsSync(assets)) cpSync(assets, join('dist', assets), { recursive: true });
    console.log(`dist/${group}/${name}`);
  }
}
