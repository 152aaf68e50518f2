import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Which half of a conversation is lost: what clients ask, or what the server answers. */
export type Lost = 'requests' | 'answers';

/** A TCP proxy that can withhold what the server answers, slow things down, and cut its connections. */
export interface TcpProxy {
  port: number;
  /** From the first request that contains this text on, answers do not get through; requests do. */
  holdAnswersFrom(text: string): void;
  /** Lets one direction through up to the part that contains this text, at which it resolves; `reset` ends that. */
  holdAt(direction: Lost, text: string): Promise<void>;
  /** Passes everything on so many milliseconds late; 0 ends that. */
  delay(ms: number): void;
  /** Swallows one direction without closing anything; null ends that for connections opened from then on. */
  blackhole(lost: Lost | null): void;
  /** Cuts all connections; new ones are made as before. */
  cut(): void;
  /** Cuts all connections, and every new one as soon as it is made, until `reset`. */
  goDown(): void;
  /** Cuts all connections and lets everything through again, at once. */
  reset(): void;
  stop(): Promise<void>;
}

export async function startTcpProxy(host: string, port: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let holding = false;
  let trigger: string | null = null;
  let delayMs = 0;
  let lost: Lost | null = null;
  let down = false;
  let stop: { direction: Lost; text: string; reached: (() => void) | null } | null = null;
  const isHeld = (direction: Lost, data: Buffer): boolean => {
    if (stop?.direction !== direction) return false;
    if (stop.reached !== null && !data.includes(stop.text)) return false;
    stop.reached?.();
    stop.reached = null;
    return true;
  };
  /** Bytes keep their order, since all wait equally long, and those after a change wait for those before it. */
  const pass = (to: Socket) => {
    let last = Promise.resolve();
    return (data: Buffer) => {
      const due = delayMs === 0 ? null : new Promise<void>((resolve) => setTimeout(resolve, delayMs));
      last = last.then(() => due ?? undefined).then(() => void (to.destroyed || to.write(data)));
    };
  };
  const server = createServer((client) => {
    if (down) {
      client.destroy();
      return;
    }
    const upstream = connect(port, host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    const ask = pass(upstream);
    const answer = pass(client);
    client.on('data', (data) => {
      if (trigger !== null && data.includes(trigger)) holding = true;
      if (lost !== 'requests' && !isHeld('requests', data)) ask(data);
    });
    upstream.on('data', (data) => {
      if (!holding && lost !== 'answers' && !isHeld('answers', data)) answer(data);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    holdAnswersFrom(text) {
      trigger = text;
    },
    holdAt: (direction, text) =>
      new Promise((reached) => {
        stop = { direction, text, reached };
      }),
    delay(ms) {
      delayMs = ms;
    },
    blackhole(direction) {
      if (lost !== null && direction === null) cut();
      lost = direction;
    },
    cut,
    goDown() {
      down = true;
      cut();
    },
    reset() {
      down = false;
      cut();
      holding = false;
      trigger = null;
      delayMs = 0;
      lost = null;
      stop = null;
    },
    async stop() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
