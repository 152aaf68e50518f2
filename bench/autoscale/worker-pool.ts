import { type FleetProcess, startFleetProcess } from '../../test/support/fleet-process.ts';

interface PooledWorker {
  process: Promise<FleetProcess>;
  isReady: boolean;
}

/** Worker processes, as many as are wanted: what a Deployment is in the cluster. */
export class WorkerPool {
  readonly #args: string[];
  readonly #env: Record<string, string>;
  readonly #kept: PooledWorker[] = [];
  readonly #ending = new Set<Promise<void>>();
  /** From the start of each worker until it was ready. */
  readonly startMs: number[] = [];
  /** From the signal to each worker until it had ended. */
  readonly drainMs: number[] = [];
  /** With what each worker ended; null is a signal that it did not catch. */
  readonly exitCodes: (number | null)[] = [];
  /** Jobs that workers handed back when they were told to end. */
  handedBack = 0;
  /** What kept a worker from starting. */
  readonly faults: unknown[] = [];

  constructor(args: string[], env: Record<string, string>) {
    this.#args = args;
    this.#env = env;
  }

  /** Workers that take jobs. */
  get ready(): number {
    return this.#kept.filter(({ isReady }) => isReady).length;
  }

  /** Processes, those included that start or drain. */
  get processes(): number {
    return this.#kept.length + this.#ending.size;
  }

  /** Starts workers, or tells the youngest to end. */
  scaleTo(wanted: number): void {
    while (this.#kept.length < wanted) this.#kept.push(this.#start());
    while (this.#kept.length > wanted) this.#end(this.#kept.pop() as PooledWorker);
  }

  /** Ends all of them and resolves when the last has ended. */
  async stop(): Promise<void> {
    this.scaleTo(0);
    await Promise.all(this.#ending);
  }

  #start(): PooledWorker {
    const begun = performance.now();
    const worker = { process: startFleetProcess(this.#args, this.#env), isReady: false };
    worker.process.then(
      () => {
        worker.isReady = true;
        this.startMs.push(performance.now() - begun);
      },
      (thrown) => this.faults.push(thrown),
    );
    return worker;
  }

  #end(worker: PooledWorker): void {
    const ended = this.#drain(worker)
      // A start that failed is among the faults.
      .catch(() => undefined)
      .finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }

  async #drain(worker: PooledWorker): Promise<void> {
    const process = await worker.process;
    const told = performance.now();
    this.exitCodes.push(await process.kill('SIGTERM'));
    this.drainMs.push(performance.now() - told);
    this.handedBack += process.log().match(/"msg":"job handed back"/g)?.length ?? 0;
  }
}
