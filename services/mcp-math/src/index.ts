export { createMathServer } from './math-server.ts';
