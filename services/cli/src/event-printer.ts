import type { JobEvent, Step } from '@mcp-fleet/client';
import { plain } from './commands/jobs.ts';
import { color, costOfJob, type Output, shorten, waiting } from './output.ts';

type Reply = Extract<Step, { type: 'reply' }>;

/** Prints what happens to a job for a person: text as the model writes it, tool calls and their results. */
export class EventPrinter {
  readonly #output: Output;
  readonly #write: (text: string) => void;
  /** The text of the reply that is under way, as far as it was printed. */
  #printed = '';

  constructor(output: Output, write: (text: string) => void = (text) => void process.stdout.write(text)) {
    this.#output = output;
    this.#write = write;
  }

  print(event: JobEvent): void {
    switch (event.event) {
      case 'text_delta':
        this.#delta(event.data);
        return;
      case 'step':
        this.#step(event.data);
        return;
      case 'tool_started':
        this.#line(
          `  ${color.yellow('→')} ${event.data.tool} ${color.dim(JSON.stringify(event.data.input))}`,
        );
        return;
      case 'tool_progress':
        this.#line(color.dim(`  … ${progressText(event.data)}`));
        return;
      case 'waiting':
        this.#line(color.yellow(`  ${waiting(event.data)}`));
        return;
      case 'ended': {
        const { state, error } = event.data;
        if (state !== 'succeeded') {
          this.#line(`${color.red('✗')} ${error?.type ?? state}: ${error?.message ?? ''}`);
        }
        this.#line(color.dim(`  ${costOfJob(event.data)}`));
        return;
      }
      case 'model_started':
        this.#endText();
        return;
    }
  }

  /** Of a text that has a gap the rest comes with its step. */
  #delta({ offset, text }: { offset: number; text: string }): void {
    if (offset !== this.#printed.length) return;
    this.#write(text);
    this.#printed += text;
  }

  #step(step: Step): void {
    if (step.type === 'tool_result') {
      const mark = step.outcome === 'ok' ? color.green('←') : color.red('←');
      this.#line(`  ${mark} ${shorten(plain(step.content), 500)}`);
    } else if (step.type === 'reply') {
      this.#reply(step);
    }
  }

  #reply({ content }: Reply): void {
    const written = content.flatMap((block) => (block.type === 'text' ? String(block.text) : [])).join('');
    if (this.#printed !== '' && written.startsWith(this.#printed)) {
      this.#write(written.slice(this.#printed.length));
      this.#endText();
      return;
    }
    if (plain(content)) this.#line(plain(content));
  }

  #line(text: string): void {
    this.#endText();
    this.#output.line(text);
  }

  #endText(): void {
    if (this.#printed !== '') this.#write('\n');
    this.#printed = '';
  }
}

function progressText({
  tool,
  progress,
  total,
  message,
}: Extract<JobEvent, { event: 'tool_progress' }>['data']): string {
  const share = total === null ? String(progress) : `${progress} of ${total}`;
  return `${tool}: ${message === null ? share : `${shorten(message, 200)} (${share})`}`;
}
