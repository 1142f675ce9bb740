import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { Sandbox } from './command-line.ts';

test('notify --test sends one alert on every way, and tells which did not take it', async () => {
  await using sandbox = await Sandbox.create();
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => bodies.push(chunk.toString()));
    request.on('end', () => response.writeHead(request.url === '/refuse' ? 404 : 200).end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const taken = await sandbox.run(['notify', '--test'], {
      BACKUP_ALERT_WEBHOOK_URL: url,
      BACKUP_HEARTBEAT_URL: url,
    });
    expect(taken).toMatchObject({ code: 0, stdout: '✓ webhook\n✓ heartbeat\n' });
    expect(JSON.parse(bodies[0] ?? '')).toMatchObject({ title: 'this is a test', project: 'gofr-plot' });

    const refused = await sandbox.run(['notify', '--test', '--json'], {
      BACKUP_HEARTBEAT_URL: `${url}/refuse`,
    });
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ deliveries: [{ channel: 'heartbeat', ok: false }] });
  } finally {
    server.close();
  }
});

test('with nobody to tell it says which settings are missing', async () => {
  await using sandbox = await Sandbox.create();
  const ran = await sandbox.run(['notify', '--test']);
  expect(ran.code).toBe(78);
  expect(ran.stderr).toContain('ALERT_WEBHOOK_URL');
});
