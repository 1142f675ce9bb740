/** Passes requests on to a server and counts them; at one of them something happens. */
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Requests extends AsyncDisposable {
  readonly port: number;
  /** since the last call of `at` */
  count: number;
  /** Counts anew. `before`: the request is not passed on; else it happens when the answer is there. */
  at(number: number, before: boolean, happens: () => void): void;
}

/** The server is told the host as the client had it, which a signature covers. */
export async function requestsTo(target: string): Promise<Requests> {
  const { hostname, port: targetPort } = new URL(target);
  let due: { number: number; before: boolean; happens: () => void } | undefined;
  const agent = new Agent({ keepAlive: false });
  const server = createServer((from, to) => {
    const now = requests.count++ === due?.number ? due : undefined;
    if (now?.before) {
      now.happens();
      return void from.destroy();
    }
    const { method, url: path, rawHeaders: headers } = from;
    const passed = request({ agent, hostname, port: targetPort, method, path, headers }, (answer) => {
      now?.happens();
      to.writeHead(answer.statusCode!, answer.rawHeaders);
      answer.on('error', () => to.destroy()).pipe(to);
    });
    passed.on('error', () => to.destroy());
    from.on('error', () => passed.destroy()).pipe(passed);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const requests: Requests = {
    port: (server.address() as AddressInfo).port,
    count: 0,
    at(number, before, happens) {
      requests.count = 0;
      due = { number, before, happens };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return requests;
}
