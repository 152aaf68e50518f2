/** A state as a word and a colour: the word alone says it all. */
export function StateBadge({ state }: { state: string }) {
  return <span class={`badge ${toneOf(state)}`}>{state.replaceAll('_', ' ')}</span>;
}

const tones: Record<string, readonly string[]> = {
  good: ['succeeded', 'ready', 'approved', 'ok', 'ended', 'live'],
  bad: ['failed', 'error', 'errored', 'down', 'denied', 'unknown', 'invalid', 'revoked'],
  busy: ['running', 'starting', 'in_progress', 'open', 'uploading'],
  slow: ['waiting', 'pending', 'paused', 'draining', 'canceling', 'expiring', 'expired', 'canceled'],
};

function toneOf(state: string): string {
  return Object.keys(tones).find((tone) => tones[tone]?.includes(state)) ?? 'plain';
}
