import { expect, test } from 'vitest';
import { LiveText } from './live-text.ts';

const job = { jobId: 'job_1', tenant: 't', sessionId: null, epoch: 1, trace: null };
const started = { type: 'model_started', round: 0, model: 'simulated', job } as const;
const delta = (text: string, offset = 0) => ({ type: 'text_delta', round: 0, offset, text, job }) as const;

test('text is handed out once, and when it begins anew not before it goes on', () => {
  const live = new LiveText();
  for (const event of [started, delta('one '), delta('two ', 4)]) live.hear(event);
  expect(live.next()).toBe('one two ');
  expect(live.next()).toBe('');
  live.hear(started);
  live.hear(delta('one '));
  expect(live.next()).toBe('');
  live.hear(delta('two three', 4));
  expect(live.next()).toBe('three');
  expect(live.sent).toBe('one two three');
});

test('another text than was handed out never goes on', () => {
  const live = new LiveText();
  for (const event of [started, delta('one'), started]) live.hear(event);
  expect(live.next()).toBe('');
  const other = new LiveText();
  other.hear(delta('one'));
  other.next();
  for (const event of [started, delta('two and more')]) other.hear(event);
  expect(other.next()).toBe('');
});

test('text that comes again is known, and text behind a gap is not handed out', () => {
  const live = new LiveText();
  for (const event of [started, delta('one '), delta('one two ')]) live.hear(event);
  expect(live.next()).toBe('one two ');
  live.hear(delta('four', 14));
  expect(live.next()).toBe('');
});
