/** Such as `340 ms`, `2.1 s`, `3 min 4 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.round((ms % 60_000) / 1_000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Such as `$0.0042`; null is a price that is not known. */
export function usd(amount: number | null): string {
  if (amount === null) return 'unpriced';
  return `$${amount.toFixed(amount !== 0 && amount < 1 ? 4 : 2)}`;
}

export const count = (n: number): string => n.toLocaleString('en-GB');

/** Such as `14:03:12`, with the day unless it is today. */
export function time(iso: string, now = new Date()): string {
  const at = new Date(iso);
  const clock = at.toLocaleTimeString('en-GB');
  return at.toDateString() === now.toDateString() ? clock : `${at.toLocaleDateString('en-GB')} ${clock}`;
}

/** The text of content blocks; what is no text is named. */
export function textOf(content: string | readonly { type: string; [key: string]: unknown }[]): string {
  if (typeof content === 'string') return content;
  return content
    .map((block) => (block.type === 'text' ? String(block.text) : `[${block.type}]`))
    .join('\n')
    .trim();
}

export const shorten = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text;
