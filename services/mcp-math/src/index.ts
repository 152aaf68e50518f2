export { createMathServer } from './math-server.ts';
export { type MathHttp, startMathHttp } from './start-math-http.ts';
