import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What went through: requests by their names, and bytes to the server and back. */
export interface Traffic {
  requests: Record<string, number>;
  sent: number;
  received: number;
}

export interface CountingProxy {
  port: number;
  /** What went through since the last call. */
  take(): Traffic;
  stop(): Promise<void>;
}

/** Cuts what a client sends into messages, and names those that are a request; null names none. */
interface Protocol {
  /** The length of the first message, once its beginning is there; 0 while it is not. */
  lengthOf(bytes: Buffer, first: boolean): number;
  nameOf(message: Buffer, first: boolean): string | null;
}

/**
 * PostgreSQL's frontend protocol, in which a `Sync` or a `Query` ends each round trip; pipelined statements share one.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
const postgres: Protocol = {
  lengthOf(bytes, first) {
    const prefix = first ? 0 : 1;
    return bytes.length < prefix + 4 ? 0 : prefix + bytes.readInt32BE(prefix);
  },
  nameOf(message, first) {
    if (first) return null;
    const type = String.fromCharCode(message[0] as number);
    if (type === 'B') lastBound = nameAt(message);
    if (type === 'Q')
      return message.subarray(5, -1).toString().trim().split(/\s+/)[0]?.toLowerCase() ?? 'query';
    return type === 'S' ? lastBound : null;
  },
};

/** The statement of the last `Bind`, which the `Sync` behind it does not repeat. */
let lastBound = '';

function nameAt(bind: Buffer): string {
  const portalEnd = bind.indexOf(0, 5);
  return bind.subarray(portalEnd + 1, bind.indexOf(0, portalEnd + 1)).toString();
}

/** Commands of Redis' protocol: arrays of bulk strings. Commands of a pipeline count each. */
const redis: Protocol = {
  lengthOf(bytes) {
    let at = 0;
    const line = () => {
      const end = bytes.indexOf('\r\n', at);
      if (end < 0) return null;
      const text = bytes.subarray(at, end).toString('latin1');
      at = end + 2;
      return text;
    };
    const head = line();
    if (head === null) return 0;
    for (let left = Number(head.slice(1)); left > 0; left -= 1) {
      const length = line();
      if (length === null) return 0;
      at += Number(length.slice(1)) + 2;
      if (at > bytes.length) return 0;
    }
    return at;
  },
  nameOf: (message) =>
    /\r\n(\w+)\r\n/.exec(message.subarray(0, 64).toString('latin1'))?.[1]?.toLowerCase() ?? '?',
};

const opMsg = 2013;

/** MongoDB's wire protocol; what drivers ask of servers by themselves is left out. */
const mongodb: Protocol = {
  lengthOf: (bytes) => (bytes.length < 4 ? 0 : bytes.readInt32LE(0)),
  nameOf(message) {
    // OP_MSG: 16 bytes of header, 4 of flags, a section's kind, and a document whose first element is the command, a
    // string with the collection where it has one.
    if (message.readInt32LE(12) !== opMsg) return null;
    const nameEnd = message.indexOf(0, 26);
    const name = message.subarray(26, nameEnd).toString();
    if (['hello', 'isMaster', 'ismaster', 'ping', 'endSessions'].includes(name)) return null;
    const isOnCollection = message[25] === 2;
    return isOnCollection
      ? `${name} ${message.subarray(nameEnd + 5, message.indexOf(0, nameEnd + 5))}`
      : name;
  },
};

const protocols = { postgres, redis, mongodb };

/** A TCP proxy that counts requests as they stand on the wire. */
export async function startCountingProxy(
  name: keyof typeof protocols,
  host: string,
  port: number,
): Promise<CountingProxy> {
  const protocol = protocols[name];
  const sockets = new Set<Socket>();
  let traffic: Traffic = { requests: {}, sent: 0, received: 0 };
  const server = createServer((client) => {
    const upstream = connect(port, host);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    let rest: Buffer = Buffer.alloc(0);
    let first = true;
    client.on('data', (data) => {
      upstream.write(data);
      traffic.sent += data.length;
      rest = rest.length === 0 ? data : Buffer.concat([rest, data]);
      for (let length = protocol.lengthOf(rest, first); length > 0 && length <= rest.length; ) {
        const request = protocol.nameOf(rest.subarray(0, length), first);
        if (request !== null) traffic.requests[request] = (traffic.requests[request] ?? 0) + 1;
        first = false;
        rest = rest.subarray(length);
        length = protocol.lengthOf(rest, first);
      }
    });
    upstream.on('data', (data) => {
      client.write(data);
      traffic.received += data.length;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    take() {
      const taken = traffic;
      traffic = { requests: {}, sent: 0, received: 0 };
      return taken;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
