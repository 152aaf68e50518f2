import type { ScriptedReply } from './control.ts';

/** The replies that tests wrote down, in order, for a job or for anyone. */
export class Scripts {
  private readonly byJob = new Map<string, ScriptedReply[]>();
  private readonly anyone: ScriptedReply[] = [];

  add(job: string | undefined, replies: readonly ScriptedReply[]): void {
    if (job === undefined) this.anyone.push(...replies);
    else this.byJob.set(job, [...(this.byJob.get(job) ?? []), ...replies]);
  }

  /** Takes the next entry for a job's request: the job's own first, then anyone's. */
  next(job: string | undefined): ScriptedReply | undefined {
    const own = job === undefined ? undefined : this.byJob.get(job);
    if (own === undefined) return this.anyone.shift();
    const reply = own.shift();
    if (own.length === 0) this.byJob.delete(job as string);
    return reply;
  }

  /** Forgets everything and returns how many replies that were. */
  reset(): number {
    const left = [...this.byJob.values()].reduce((sum, own) => sum + own.length, this.anyone.length);
    this.byJob.clear();
    this.anyone.length = 0;
    return left;
  }
}
