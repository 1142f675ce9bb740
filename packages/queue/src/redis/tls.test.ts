/** TLS of an authority of one's own, to a server, a Cluster and Sentinels; each asks the client for its certificate too. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { freePort, privateRedis, temporaryDirectory, waitFor } from '@gofr-backup/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../connection.ts';
import { expectRoundTrip } from '../round-trip.fixture.ts';

let dir: Awaited<ReturnType<typeof temporaryDirectory>>;
const file = (name: string): string => join(dir.path, name);
const openssl = (...args: string[]): void =>
  void execFileSync('openssl', args, { cwd: dir.path, stdio: 'ignore' });

beforeAll(async () => {
  dir = await temporaryDirectory();
  const key = (name: string): string[] => ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`];
  openssl('req', '-x509', ...key('ca'), '-out', 'ca.pem', '-days', '2', '-subj', '/CN=an authority');
  for (const name of ['server', 'client']) {
    openssl('req', ...key(name), '-out', `${name}.csr`, '-subj', `/CN=${name}`);
    await writeFile(file('names'), 'subjectAltName=IP:127.0.0.1\n');
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-out', `${name}.pem`, '-days', '2');
  }
});
afterAll(() => dir[Symbol.asyncDispose]());

const serverFiles = (): [string, string][] => [
  ['tls-cert-file', file('server.pem')],
  ['tls-key-file', file('server.key')],
  ['tls-ca-cert-file', file('ca.pem')],
];
const tlsServer = (port: number, ...more: string[]): string[] => [
  ...['--tls-port', String(port), '--requirepass', 'pw', ...more],
  ...serverFiles().flatMap(([name, path]) => [`--${name}`, path]),
];
const certificates = (): string =>
  `ca=${file('ca.pem')}&cert=${file('client.pem')}&key=${file('client.key')}`;

test('a server: the authority is named in the URL; without it, and without a certificate, there is no connection', async () => {
  const port = await freePort();
  await using _redis = await privateRedis({ args: tlsServer(port) });
  const url = `rediss://:pw@127.0.0.1:${port}`;
  await expectRoundTrip(`${url}/2?${certificates()}`);
  await expect(connect(url, { mode: 'command' })).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
  const nobody = connect(`${url}?ca=${file('ca.pem')}`, { mode: 'command' });
  await expect(nobody).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
  const absent = connect(`${url}?ca=${file('absent.pem')}`, { mode: 'service' });
  await expect(absent).rejects.toMatchObject({ code: 'CONFIG', exit: 78, why: 'ENOENT' });
});

test('a Cluster', async () => {
  const [port, bus] = [await freePort(), await freePort()];
  const cluster = ['--cluster-enabled', 'yes', '--tls-cluster', 'yes', '--cluster-port', String(bus)];
  await using redis = await privateRedis({
    args: tlsServer(port, ...cluster, '--cluster-announce-ip', '127.0.0.1'),
  });
  const admin = new Redis(redis.url.replace('unix://', ''), { password: 'pw' });
  await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await waitFor(async () => String(await admin.call('CLUSTER', 'INFO')).includes('cluster_state:ok'));
  admin.disconnect();
  await expectRoundTrip(`rediss+cluster://:pw@127.0.0.1:${port}?${certificates()}`);
});

test('Sentinels with a password of their own: TLS to them as well', async () => {
  const [port, sentinelPort] = [await freePort(), await freePort()];
  await using _redis = await privateRedis({ args: tlsServer(port) });
  const lines = [
    ...['port 0', `tls-port ${sentinelPort}`, 'bind 127.0.0.1', 'tls-replication yes', 'requirepass sentry'],
    ...serverFiles().map(([name, path]) => `${name} ${path}`),
    ...[`sentinel monitor main 127.0.0.1 ${port} 1`, 'sentinel auth-pass main pw'],
  ];
  await writeFile(file('sentinel.conf'), `${lines.join('\n')}\n`);
  const sentinel = spawn('redis-server', [file('sentinel.conf'), '--sentinel'], { stdio: 'ignore' });
  const url = `rediss+sentinel://:pw@127.0.0.1:${sentinelPort}/main/1?${certificates()}`;
  try {
    await waitFor(async () => {
      const connection = await connect(`${url}&sentinel_password=sentry`, { mode: 'command' }).catch(
        () => undefined,
      );
      connection?.close();
      return connection !== undefined;
    });
    await expectRoundTrip(`${url}&sentinel_password=sentry`);
    const wrong = connect(`${url}&sentinel_password=wrong`, { mode: 'command' });
    await expect(wrong).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
  } finally {
    sentinel.kill('SIGKILL');
    await once(sentinel, 'exit');
  }
});

test('nothing is said in clear to what poses as a Sentinel', async () => {
  const heard: Buffer[] = [];
  const posing = createServer((socket) =>
    socket.on('data', (chunk) => heard.push(chunk)).on('error', () => {}),
  );
  const port = await freePort();
  posing.listen(port, '127.0.0.1');
  await once(posing, 'listening');
  const url = `rediss+sentinel://:pw@127.0.0.1:${port}/main?sentinel_password=sentry`;
  await expect(connect(url, { mode: 'command' })).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });
  const said = Buffer.concat(heard);
  expect(said[0]).toBe(0x16); // a TLS handshake
  expect(said.includes('sentry') || said.includes('AUTH') || said.includes('SENTINEL')).toBe(false);
  posing.close();
});
