import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';

/**
 * Runs after `npm ci`: builds the dashboard into the api's folder. Plain JavaScript, for a Node that runs no
 * TypeScript. An install without the tools of development has nothing to build with, and copies what was built.
 */
try {
  createRequire(import.meta.url).resolve('vite');
} catch {
  process.exit();
}
execFileSync('npm', ['run', '--silent', 'dashboard'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
