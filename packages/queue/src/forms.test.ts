/** One job through a real Redis of every kind that REDIS_URL can name. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, privateRedis, temporaryDirectory, waitFor } from '@gofr-backup/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { connect } from './connection.ts';
import { expectRoundTrip } from './round-trip.fixture.ts';

test('unix socket, with a database', async () => {
  await using redis = await privateRedis();
  await expectRoundTrip(`${redis.url}?db=3`);
});

test('TCP with user, password and database', async () => {
  await using redis = await privateRedis({
    tcp: true,
    args: ['--user', 'backup', 'on', '>p@ss/word', '~*', '&*', '+@all'],
  });
  await expectRoundTrip(`${redis.url.replace('//', '//backup:p%40ss%2Fword@')}/2`);
});

test('Cluster', async () => {
  await using redis = await privateRedis({
    tcp: true,
    args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
  });
  const admin = new Redis(redis.url);
  await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await waitFor(async () => String(await admin.call('CLUSTER', 'INFO')).includes('cluster_state:ok'));
  admin.disconnect();
  await expectRoundTrip(redis.url.replace('redis://', 'redis+cluster://'));
});

test('Sentinel', async () => {
  await using redis = await privateRedis({ tcp: true });
  await using dir = await temporaryDirectory();
  const port = await freePort();
  const config = join(dir.path, 'sentinel.conf');
  await writeFile(
    config,
    `port ${port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 ${new URL(redis.url).port} 1\n`,
  );
  const sentinel = spawn('redis-server', [config, '--sentinel'], { stdio: 'ignore' });
  try {
    const admin = new Redis(port, { maxRetriesPerRequest: null });
    admin.on('error', () => {});
    await waitFor(async () => String(await admin.call('SENTINEL', 'CKQUORUM', 'main')).startsWith('OK'));
    admin.disconnect();
    await expectRoundTrip(`redis+sentinel://127.0.0.1:${port},127.0.0.1:1/main/1`);
  } finally {
    sentinel.kill('SIGKILL');
    await once(sentinel, 'exit');
  }
});

const openssl = (dir: string, ...args: string[]): void =>
  void execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });

test('TLS: a server nobody vouches for is refused', async () => {
  await using dir = await temporaryDirectory();
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  openssl(
    dir.path,
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'key.pem',
    '-out',
    'cert.pem',
    '-days',
    '2',
    ...subject,
  );
  const port = await freePort();
  const [key, cert] = [join(dir.path, 'key.pem'), join(dir.path, 'cert.pem')];
  await using _redis = await privateRedis({
    args: [
      '--tls-port',
      String(port),
      '--tls-cert-file',
      cert,
      '--tls-key-file',
      key,
      '--tls-auth-clients',
      'no',
    ],
  });
  const url = `rediss://127.0.0.1:${port}`;
  await expect(connect(url, { mode: 'command' })).rejects.toMatchObject({
    code: 'REDIS_UNREACHABLE',
    why: expect.stringContaining('self-signed') as string,
  });
  // whoever runs an authority of their own names it to Node in this variable
  const trusting = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `const {connect} = await import('${import.meta.dirname}/connection.ts');
      const c = await connect('${url}', {mode: 'command'}); console.log(await c.client.ping()); c.close();`,
    ],
    { env: { ...process.env, NODE_EXTRA_CA_CERTS: cert }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [answer] = (await once(trusting.stdout, 'data')) as [Buffer];
  expect(answer.toString()).toBe('PONG\n');
});
