/** A server that sends head and body apart, with Nagle's algorithm on: the body comes when the head is acknowledged. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createSecureServer } from 'node:tls';
import { once } from 'node:events';
import { withoutNative } from '@gofr-backup/posix';
import { temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { HttpClient } from './http-client.ts';

const REQUESTS = 12;

function answer(socket: Socket): void {
  socket.on('error', () => {});
  socket.on('data', () => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n');
    setImmediate(() => socket.write('body'));
  });
}

/** Milliseconds for so many requests on one connection, each after the other. */
async function taken(url: string): Promise<number> {
  using http = new HttpClient({ url, timeout: 10_000 });
  const began = performance.now();
  for (let n = 0; n < REQUESTS; n++) expect(await http.text('asking', 'GET', 'x')).toBe('body');
  return performance.now() - began;
}

/** One run may meet a busy machine, so the least of some counts. */
async function leastOf(runs: number, url: string): Promise<number> {
  let least = Infinity;
  for (let n = 0; n < runs; n++) least = Math.min(least, await taken(url));
  return least;
}

async function certificate(directory: string): Promise<{ key: Buffer; cert: Buffer }> {
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-days', '1', '-nodes', '-newkey', 'rsa:2048'];
  execFileSync('openssl', ['req', '-x509', ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

test.each(['http', 'https'])(
  '%s: no answer on a kept connection waits for an acknowledgement',
  async (scheme) => {
    await using place = await temporaryDirectory();
    const server =
      scheme === 'http'
        ? createServer(answer)
        : createSecureServer(await certificate(place.path), (socket) => answer(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const prompt = await leastOf(3, url);
      const putOff = await withoutNative(() => leastOf(1, url));
      expect(prompt).toBeLessThan(putOff / 2);
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
      server.close();
    }
  },
);
