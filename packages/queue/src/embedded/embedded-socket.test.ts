import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { answersPing } from './embedded-socket.ts';

/** Asks a server that gives these answers, one a question. */
async function asked(answers: string[], patience?: number): Promise<boolean> {
  await using dir = await temporaryDirectory();
  const path = join(dir.path, 'redis.sock');
  const server = createServer((client) => {
    client.on('error', () => {}).on('data', () => void client.write(answers.shift() ?? ''));
  }).listen(path);
  await once(server, 'listening');
  try {
    return await answersPing(path, patience);
  } finally {
    server.close();
  }
}

test('a server that loads its file is waited for', async () => {
  const loading = '-LOADING Redis is loading the dataset in memory\r\n';
  expect(await asked([loading, loading, '+PONG\r\n'])).toBe(true);
});

test('what answers something else, or nothing in time, is no server', async () => {
  expect(await asked(['-NOAUTH Authentication required.\r\n'])).toBe(false);
  expect(await asked([], 50)).toBe(false);
});
