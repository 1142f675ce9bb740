/** A body that is too large, by its length or by its chunks, with and without a right. */
import { mkdtemp } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { visit } from '../visitor.fixture.ts';

const TOKEN = 'a-token-for-scripts-0123';
const MB = 2 ** 20;
const ENV = { BACKUP_DASHBOARD_PASSWORD: 'correct horse battery', BACKUP_DASHBOARD_TOKEN: TOKEN };
const closed = async () => visit(await mkdtemp(join(tmpdir(), 'gofr-body-')), ENV);

/** Sends 256 MB as fast as they are taken; answers what came back, and how much was taken. */
function pour(
  url: string,
  head: string,
  frame: (piece: Buffer) => Buffer,
): Promise<{ answer: string; sent: number }> {
  const { port, host } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), '127.0.0.1');
    const piece = frame(Buffer.alloc(64 * 1024, 'x'));
    let answer = '';
    let sent = 0;
    const send = (): void => {
      while (sent < 256 * MB && !socket.destroyed) {
        sent += piece.length;
        if (!socket.write(piece)) return void socket.once('drain', send);
      }
    };
    socket.on('data', (text: Buffer) => (answer += text.toString()));
    socket.on('error', () => {});
    socket.on('close', () => resolve({ answer, sent }));
    socket.write(
      `${head}\r\nHost: ${host}\r\nContent-Type: application/json\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`,
    );
    send();
  });
}

const asIs = (piece: Buffer): Buffer => piece;
const asChunk = (piece: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);

test.for([
  ['/actions/backup', 'by its length', asIs],
  ['/actions/backup', 'in chunks', asChunk],
  ['/login', 'by its length', asIs],
  ['/login', 'in chunks', asChunk],
  ['/queues/api/queues/x/add', 'in chunks', asChunk],
  ['/nowhere', 'in chunks', asChunk],
] as const)('256 MB for %s, told %s, are refused with 413 before they are read', async ([path, , frame]) => {
  await using visitor = await closed();
  const length = frame === asIs ? `Content-Length: ${256 * MB}` : 'Transfer-Encoding: chunked';
  const { answer, sent } = await pour(visitor.url, `POST ${path} HTTP/1.1\r\n${length}`, frame);
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  // what the sockets of both ends hold is sent, but not read
  expect(sent).toBeLessThan(32 * MB);
  expect((await visitor.ask('./healthz')).status).toBe(200);
});

test('a body just within the limit is read', async () => {
  await using visitor = await closed();
  const body = JSON.stringify({ tier: 'hourly', padding: 'x'.repeat(64 * 1024 - 40) });
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', accept: '*/*' };
  const answer = await visitor.ask('./actions/backup', { method: 'POST', headers, body });
  expect([answer.status, await answer.json()]).toEqual([
    400,
    { error: expect.objectContaining({ message: expect.stringContaining('There is no tier "hourly"') }) },
  ]);
});
