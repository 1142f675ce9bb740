import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pipeline, Transform } from 'node:stream';

export interface Proxy extends AsyncDisposable {
  readonly port: number;
  /** So many bytes on, in that direction, all its connections break; then it goes on as before. */
  cutAfter(bytes: number, direction: 'up' | 'down'): void;
  /** Nothing passes any more, and nothing breaks; false: what waited goes on. */
  stall(stalled: boolean): void;
  /** bytes that passed upwards */
  readonly sent: number;
  /** bytes that passed downwards */
  readonly received: number;
}

/** A TCP port on loopback that passes on to another one, until it is told to fail. */
export async function proxyTo(target: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let cut: { left: number; direction: 'up' | 'down' } | undefined;
  let resumed = Promise.withResolvers<void>();
  resumed.resolve();
  let sent = 0;
  let received = 0;

  const breakAll = (): void => {
    cut = undefined;
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const passing = (direction: 'up' | 'down'): Transform =>
    new Transform({
      transform(bytes: Buffer, _encoding, done) {
        void resumed.promise.then(() => {
          if (direction === 'up') sent += bytes.length;
          else received += bytes.length;
          if (cut?.direction !== direction || cut.left >= bytes.length) {
            if (cut?.direction === direction) cut.left -= bytes.length;
            return done(null, bytes);
          }
          // what lies before the cut still arrives
          this.push(bytes.subarray(0, cut.left));
          cut = undefined;
          setImmediate(breakAll);
        });
      },
    });

  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.setNoDelay(true);
    }
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    pipeline(client, passing('up'), upstream, (error) => void (error && end()));
    pipeline(upstream, passing('down'), client, (error) => void (error && end()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cutAfter: (left, direction) => void (cut = { left, direction }),
    stall(stalled) {
      if (!stalled) return resumed.resolve();
      resumed = Promise.withResolvers<void>();
    },
    get sent() {
      return sent;
    },
    get received() {
      return received;
    },
    async [Symbol.asyncDispose]() {
      resumed.resolve();
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
