import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { silentLogger } from '@gofr-backup/model';
import { serveHealth } from './health.ts';

test('alive while it answers, ready while nothing speaks against it', async () => {
  const against: string[] = [];
  const health = await serveHealth({
    host: '127.0.0.1',
    port: 0,
    reasons: () => against,
    logger: silentLogger,
  });
  const ask = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${health.port}${path}`);
    return [answer.status, await answer.json()];
  };
  try {
    expect(await ask('/readyz')).toEqual([200, { ok: true, reasons: [] }]);
    against.push('Redis is away');
    expect(await ask('/readyz')).toEqual([503, { ok: false, reasons: ['Redis is away'] }]);
    expect(await ask('/healthz')).toEqual([200, { ok: true, reasons: [] }]);
    expect(await ask('/else')).toMatchObject([404, { ok: false }]);

    const taken = await serveHealth({
      host: '127.0.0.1',
      port: health.port,
      reasons: () => [],
      logger: silentLogger,
    });
    await taken.stop();
    expect((await ask('/healthz'))[0]).toBe(200);
  } finally {
    await health.stop();
  }
});

test('without a port there is no server', async () => {
  const health = await serveHealth({
    host: '127.0.0.1',
    port: undefined,
    reasons: () => [],
    logger: silentLogger,
  });
  expect(health.port).toBeUndefined();
  await health.stop();
});

const elsewhere = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

test.skipIf(elsewhere === undefined)(
  'another host is not answered unless it was told to, and learns no reasons',
  async () => {
    const reasons = () => ['Redis is away'];
    const options = { port: 0, reasons, logger: silentLogger };
    const local = await serveHealth({ ...options, host: '127.0.0.1' });
    const open = await serveHealth({ ...options, host: '0.0.0.0' });
    try {
      await expect(fetch(`http://${elsewhere}:${local.port}/healthz`)).rejects.toThrow();
      const answer = await fetch(`http://${elsewhere}:${open.port}/readyz`);
      expect([answer.status, await answer.json()]).toEqual([503, { ok: false }]);
    } finally {
      await Promise.all([local.stop(), open.stop()]);
    }
  },
);
