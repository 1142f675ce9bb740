import { hash, randomUUID } from 'node:crypto';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  isMissing,
  type Keys,
  OBJECT_SERVER_TOOLS,
  objectServer,
  type ObjectServer,
} from '@gofr-backup/testing';
import { describeStore } from '../contract.ts';
import { describeNetwork } from '../network.scenario.ts';
import { openStore } from '../open-store.ts';
import type { Store } from '../store.ts';
import { S3Store } from './s3-store.ts';

describe.skipIf(isMissing(...OBJECT_SERVER_TOOLS))('with Ceph', () => {
  let server: ObjectServer;
  let owner: S3Client;
  beforeAll(async () => {
    server = await objectServer();
    owner = client(server.endpoint);
  });
  afterAll(async () => {
    owner.destroy();
    await server[Symbol.asyncDispose]();
  });

  function client(endpoint: string, more = {}): S3Client {
    const { accessKey: accessKeyId, secretKey: secretAccessKey } = server;
    return new S3Client({
      endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 1,
      ...more,
    });
  }

  async function bucket(more: { ObjectLockEnabledForBucket?: boolean } = {}): Promise<string> {
    const Bucket = `b-${randomUUID()}`;
    await owner.send(new CreateBucketCommand({ Bucket, ...more }));
    return Bucket;
  }

  const raw = { patience: false, timeout: 20_000 } as const;
  const urlOf = (name: string, endpoint = server.endpoint) =>
    `s3://${name}/some/prefix?endpoint=${endpoint}&lock=governance`;
  const opened = (name: string, keys: Keys = server, endpoint?: string): Promise<Store> =>
    openStore(urlOf(name, endpoint), keys, raw);
  const pair = async (name: string, endpoint?: string) => ({
    store: await opened(name, server, endpoint),
    again: await opened(name, server, endpoint),
  });

  describeStore('a bucket keeps the contract', async () => pair(await bucket()));
  describeStore('a bucket with object lock keeps the contract', async () =>
    pair(await bucket({ ObjectLockEnabledForBucket: true })),
  );

  test('that the server refuses to overwrite is known after the first put', async () => {
    await using store = await opened(await bucket());
    expect(await store.abilities()).toEqual({
      overwrite: 'unknown',
      durable: 'answered',
      clock: true,
      lock: false,
    });
    await store.put('x', text('x'));
    expect(await store.abilities()).toMatchObject({ overwrite: 'refused' });
  });

  describe('by a provider that does not know the condition', () => {
    const poor = createServer((asked, answer) => {
      if (asked.headers['if-none-match'] !== undefined)
        return void answer.writeHead(501).end('<Error><Code>NotImplemented</Code></Error>');
      const { method, url, headers } = asked;
      const upstream = request(server.endpoint + url, { method, headers }, (found) => {
        answer.writeHead(found.statusCode ?? 500, found.headers);
        found.pipe(answer);
      });
      asked.pipe(upstream);
    });
    const endpoint = () => `http://127.0.0.1:${(poor.address() as AddressInfo).port}`;
    beforeAll(() => new Promise<void>((resolve) => poor.listen(0, '127.0.0.1', resolve)));
    afterAll(() => poor.closeAllConnections());
    afterAll(() => void poor.close());

    describeStore('it keeps the contract as far as it can', async () => pair(await bucket(), endpoint()));

    test('and says so', async () => {
      await using store = await opened(await bucket(), server, endpoint());
      await store.put('x', text('x'));
      expect(await store.abilities()).toMatchObject({ overwrite: 'checked' });
      expect(await store.put('x', text('y'))).toBe('taken');
    });
  });

  test('a list of many pages is whole', async () => {
    const place = { name: await bucket(), prefix: 'a', lockMode: 'GOVERNANCE', page: 3 } as const;
    await using store = new S3Store(client(server.endpoint), place);
    const names = Array.from({ length: 10 }, (_, n) => `p/${n}`);
    await Promise.all(names.map((name) => store.put(name, text(name))));
    const listed: string[] = [];
    for await (const { name } of store.list('p/')) listed.push(name);
    expect(listed.sort()).toEqual(names);
  });

  test('what others put beside it is no object', async () => {
    const name = await bucket();
    await using store = await opened(name);
    await using above = await openStore(`s3://${name}?endpoint=${server.endpoint}`, server, raw);
    await above.put('some/prefix-not/x', text('x'));
    await above.put('some/prefix/x', text('x'));
    const listed: string[] = [];
    for await (const object of store.list()) listed.push(object.name);
    expect(listed).toEqual(['x']);
  });

  test('credentials that may only add copy, and are told `forbidden` when they remove or lock', async () => {
    const name = await bucket();
    const appender = await server.user('appender');
    const allowed = (actions: string[], resource: string) => ({
      Effect: 'Allow',
      Principal: { AWS: ['arn:aws:iam:::user/appender'] },
      Action: actions.map((action) => `s3:${action}`),
      Resource: [`arn:aws:s3:::${resource}`],
    });
    const policy = {
      Version: '2012-10-17',
      Statement: [allowed(['PutObject', 'GetObject'], `${name}/*`), allowed(['ListBucket'], name)],
    };
    await owner.send(new PutBucketPolicyCommand({ Bucket: name, Policy: JSON.stringify(policy) }));
    await using store = await opened(name, appender);
    expect(await store.put('x', text('x'))).toBe('stored');
    expect(await store.put('x', text('other'))).toBe('taken');
    expect(await textOf(store, 'x')).toBe('x');
    expect(await store.size('none')).toBeUndefined();
    expect(Math.abs((await store.now()).getTime() - performance.timeOrigin - performance.now())).toBeLessThan(
      30_000,
    );
    await expect(store.remove('x')).rejects.toMatchObject({ kind: 'forbidden' });
    expect(await textOf(store, 'x')).toBe('x');
  });

  test('in a bucket with versions, what was removed takes no room, and what was hidden is put anew', async () => {
    const name = await bucket();
    await owner.send(
      new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration: { Status: 'Enabled' } }),
    );
    await using store = await opened(name);
    await store.put('x', text('x'));
    await owner.send(new DeleteObjectCommand({ Bucket: name, Key: 'some/prefix/x' }));
    expect(await store.size('x')).toBeUndefined();
    expect(await store.put('x', text('new'))).toBe('stored');
    expect(await textOf(store, 'x')).toBe('new');
    await store.remove('x');
    expect(await store.size('x')).toBeUndefined();
  });

  test('failures are told by their kind, and no secret with them', async () => {
    const name = await bucket();
    const told = async (url: string, keys: Keys) => {
      await using store = await openStore(url, keys, raw);
      const error = await store.put('x', text('x')).then(
        () => expect.unreachable(),
        (thrown: { kind: string; message: string; why: string; hint: string }) => thrown,
      );
      expect(error.message + error.why + error.hint).not.toContain(keys.secretKey);
      return error.kind;
    };
    expect(await told(urlOf(name), { ...server, secretKey: 'wrong-secret' })).toBe('forbidden');
    expect(await told(urlOf(name), { accessKey: 'nobody', secretKey: 'wrong-secret' })).toBe('forbidden');
    expect(await told(urlOf(name), await server.user('stranger'))).toBe('forbidden');
    expect(await told(urlOf('no-such-bucket'), server)).toBe('misconfigured');
    expect(await told(urlOf(name, 'http://no-such-host.invalid'), server)).toBe('unreachable');
    await expect(openStore(urlOf(name), { accessKey: 'one' })).rejects.toMatchObject({
      kind: 'misconfigured',
    });
  });

  test('a bucket that is full says so, and takes the object when there is room again', async () => {
    const name = await bucket();
    await server.quota(1_000_000);
    await using store = await opened(name);
    const body = () => text('x'.repeat(2_000_000));
    await expect(store.put('x', body())).rejects.toMatchObject({ kind: 'full' });
    expect(await store.size('x')).toBeUndefined();
    await server.quota(undefined);
    expect(await store.put('x', body())).toBe('stored');
  });

  test('a clock a year off is corrected by the first answer, and the time told is the one of the store', async () => {
    await using store = await opened(await bucket());
    vi.useFakeTimers({ toFake: ['Date'], now: realNow() + 365 * 86_400_000 });
    try {
      await expect(store.size('x')).rejects.toMatchObject({ kind: 'failed', mayPass: true });
      expect(await store.size('x')).toBeUndefined();
      expect(await store.put('x', text('x'))).toBe('stored');
      expect(Math.abs((await store.now()).getTime() - realNow())).toBeLessThan(30_000);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a hash that is told is the one that is signed: a body of another is refused', async () => {
    await using store = await opened(await bucket());
    const sha256 = hash('sha256', 'content');
    expect(await store.put('x', text('content'), { sha256 })).toBe('stored');
    expect(await textOf(store, 'x')).toBe('content');
    await expect(store.put('y', text('another'), { sha256 })).rejects.toThrow('putting y failed');
    expect(await store.size('y')).toBeUndefined();
  });

  describeNetwork('a bucket', async () => {
    const name = await bucket();
    return {
      port: Number(new URL(server.endpoint).port),
      open: (port, timeout) =>
        openStore(urlOf(name, `http://127.0.0.1:${port}`), server, { patience: false, timeout }),
    };
  });
});

/** Of the machine, whatever Date says. */
const realNow = (): number => performance.timeOrigin + performance.now();

async function* text(content: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content);
}

async function textOf(store: Store, name: string): Promise<string> {
  const found: Uint8Array[] = [];
  for await (const bytes of store.read(name)) found.push(bytes);
  return Buffer.concat(found).toString();
}
