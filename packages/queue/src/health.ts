/** `/healthz` and `/readyz` for a service that has no page. Who is on this host learns reasons, others yes or no. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '@gofr-backup/model';

export interface HealthOptions {
  host: string;
  /** 0: any free one; undefined: no server */
  port: number | undefined;
  /** why this service could not do its work now; empty when it could */
  reasons: () => string[];
  logger: Logger;
}

export interface HealthServer {
  port: number | undefined;
  stop(): Promise<void>;
}

/** A taken port is an error in the log only: a service that works must not end because of its probe. */
export async function serveHealth({ host, port, reasons, logger }: HealthOptions): Promise<HealthServer> {
  if (port === undefined) return { port, stop: () => Promise.resolve() };
  // `node:http` brings half of a browser with it, which most commands never need
  const { createServer } = await import('node:http');
  const server = createServer((request, response) => {
    const ready = request.url === '/readyz' ? reasons() : [];
    const known = request.url === '/healthz' || request.url === '/readyz';
    response.writeHead(known ? (ready.length === 0 ? 200 : 503) : 404, {
      'content-type': 'application/json',
    });
    const ok = known && ready.length === 0;
    response.end(JSON.stringify({ ok, ...(isLocal(request) && { reasons: ready }) }));
  });
  server.on('error', (error) => logger.error({ host, port, reason: error.message }, 'health is not served'));
  server.listen(port, host);
  await Promise.race([once(server, 'listening'), once(server, 'close'), once(server, 'error')]).catch(
    () => {},
  );
  return {
    port: (server.address() as AddressInfo | null)?.port,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const isLocal = ({ socket }: IncomingMessage): boolean =>
  /^(?:::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? '');
