import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';

/**
 * Runs after `npm ci`: builds the dashboard into the api's folder, and an empty database for first starts to begin with. Plain
 * JavaScript, for a Node that runs no TypeScript. An install without the tools of development has nothing to build with: it
 * copies the dashboard that was built, and its first starts make their database themselves.
 */
try {
  createRequire(import.meta.url).resolve('vite');
} catch {
  process.exit();
}
for (const script of ['dashboard', 'empty-database']) {
  execFileSync('npm', ['run', '--silent', script], { stdio: 'inherit', shell: process.platform === 'win32' });
}
