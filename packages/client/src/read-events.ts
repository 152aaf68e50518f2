export interface ServerSentEvent {
  event: string;
  /** Null for what carries no data, such as a comment or a new `retry`. */
  data: string | null;
  id: string | null;
  /** What the server asks to wait before the next connection. */
  retryMs: number | null;
}

/** Reads a stream of server-sent events (WHATWG HTML, section 9.2), as far as the fleet uses it. */
export async function* readEvents(body: ReadableStream<Uint8Array> | null): AsyncGenerator<ServerSentEvent> {
  if (body === null) return;
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let buffered = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      buffered += decoder.decode(value, { stream: true });
      for (let end = buffered.indexOf('\n\n'); end >= 0; end = buffered.indexOf('\n\n')) {
        const text = buffered.slice(0, end);
        buffered = buffered.slice(end + 2);
        yield parseEvent(text);
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function parseEvent(text: string): ServerSentEvent {
  const parsed: ServerSentEvent = { event: 'message', data: null, id: null, retryMs: null };
  const data: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('event: ')) parsed.event = line.slice(7);
    else if (line.startsWith('id: ')) parsed.id = line.slice(4);
    else if (line.startsWith('retry: ')) parsed.retryMs = Number(line.slice(7));
    else if (line.startsWith('data: ')) data.push(line.slice(6));
  }
  if (data.length > 0) parsed.data = data.join('\n');
  return parsed;
}
