/** What the loop benchmark runs: jobs of one tool call each, spread over sessions. */
export interface Load {
  jobs: number;
  sessions: number;
  concurrency: number;
}

/** What one run of a load came to. */
export interface Measurement {
  seconds: number;
  /** CPU seconds by process. */
  cpu: Record<string, number>;
}

export const query = (n: number): string => `What is ${n + 2} * ${n + 3}?`;

/** Jobs that every contender runs first, in sessions of their own, so that none is measured while its code is compiled. */
export const warmUp: Load = { jobs: 500, sessions: 125, concurrency: 32 };
