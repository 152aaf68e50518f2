import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy that can withhold what the server answers, and cut its connections. */
export interface TcpProxy {
  port: number;
  /** From the first request that contains this text on, answers do not get through; requests do. */
  holdAnswersFrom(text: string): void;
  /** Cuts all connections and lets answers through again. */
  reset(): void;
  stop(): Promise<void>;
}

export async function startTcpProxy(host: string, port: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let holding = false;
  let trigger: string | null = null;
  const server = createServer((client) => {
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
    client.on('data', (data) => {
      if (trigger !== null && data.includes(trigger)) holding = true;
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (!holding) client.write(data);
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
    reset() {
      cut();
      holding = false;
      trigger = null;
    },
    async stop() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
