import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  isMissing,
  proxyTo,
  sftpServer,
  type SftpServer,
  temporaryDirectory,
  waitFor,
} from '@gofr-backup/testing';
import { describeStore } from '../contract.ts';
import { expectSwept } from '../leftovers.scenario.ts';
import { describeNetwork } from '../network.scenario.ts';
import { openStore } from '../open-store.ts';
import type { Store } from '../store.ts';
import { known } from './host-key.ts';

// only root lets another user in
describe.skipIf(isMissing('sshd') || process.getuid?.() !== 0)('with OpenSSH', () => {
  let server: SftpServer;
  beforeAll(async () => void (server = await sftpServer()));
  afterAll(() => server[Symbol.asyncDispose]());

  const place = (): string => join(server.home, randomUUID());
  const urlOf = (path: string, port = server.port): string =>
    `sftp://${server.user}@127.0.0.1:${port}${path}`;
  const opened = (path: string, sshKey = server.key): Promise<Store> =>
    openStore(urlOf(path), { sshKey }, { patience: false, timeout: 20_000, knownHosts: server.knownHosts });

  describeStore('a directory of an account keeps the contract', async () => {
    const path = join(place(), 'not', 'there', 'yet');
    return { store: await opened(path), again: await opened(path) };
  });

  test('it is synced and refuses to overwrite; objects may only be read, and nothing is left beside them', async () => {
    const path = place();
    await using store = await opened(path);
    await store.put('a/x', text('x'));
    expect(await store.put('a/x', text('y'))).toBe('taken');
    expect(await store.abilities()).toEqual({
      overwrite: 'refused',
      durable: 'synced',
      clock: true,
      lock: false,
    });
    expect(statSync(join(path, 'a/x')).mode & 0o777).toBe(0o444);
    expect(readdirSync(path)).toEqual(['a']);
  });

  test('the first put sweeps what puts left that were killed long ago, and nothing else', async () => {
    const path = place();
    await expectSwept(path, () => opened(path));
  });

  test('an account that may only add copies, and is told `forbidden` when it removes or overwrites', async () => {
    const path = place();
    await using store = await opened(path, server.appenderKey);
    expect(await store.put('a/x', text('x'))).toBe('stored');
    expect(await store.put('a/x', text('y'))).toBe('taken');
    expect(await textOf(store, 'a/x')).toBe('x');
    await store.now();
    await store.now();
    await expect(store.remove('a/x')).rejects.toMatchObject({ kind: 'forbidden' });
    const listed: string[] = [];
    for await (const { name } of store.list()) listed.push(name);
    expect(listed).toEqual(['a/x']);
    // what a thief of the key would try
    for (const command of [`rm ${path}/a/x`, `rename ${path}/a/x ${path}/y`, `put ${path}/a/x ${path}/a/x`])
      expect(() => sftp(server.appenderKey, command)).toThrow(/denied|unsupported/i);
    expect(readFileSync(join(path, 'a/x'), 'utf8')).toBe('x');
  });

  /** By OpenSSH's own client. */
  function sftp(key: string, command: string): void {
    const file = join(server.home, '..', `identity-${randomUUID()}`);
    writeFileSync(file, key, { mode: 0o600 });
    const options = [
      '-oBatchMode=yes',
      `-oUserKnownHostsFile=${server.knownHosts}`,
      '-P',
      String(server.port),
    ];
    execFileSync('sftp', ['-b', '-', '-i', file, ...options, `${server.user}@127.0.0.1`], {
      input: command,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  test('what others put there is no object', async () => {
    const path = place();
    mkdirSync(path, { mode: 0o777 });
    writeFileSync(join(path, '.hidden'), 'x');
    writeFileSync(join(path, 'Big'), 'x');
    symlinkSync('/etc/hostname', join(path, 'link'));
    await using store = await opened(path);
    const listed: string[] = [];
    for await (const { name } of store.list()) listed.push(name);
    expect(listed).toEqual([]);
    expect(await store.size('link')).toBeUndefined();
    await expect(textOf(store, 'link')).rejects.toMatchObject({ kind: 'missing' });
  });

  test('many megabytes go through in order, and a part of them comes back', async () => {
    const body = Buffer.alloc(9_000_001);
    for (let at = 0; at + 4 <= body.length; at += 4) body.writeUInt32LE(at, at);
    await using store = await opened(place());
    await store.put('large', pieces(body, 1_000_003));
    expect((await contentOf(store, 'large')).equals(body)).toBe(true);
    const part = await contentOf(store, 'large', { offset: 1_234_567, length: 4_000_000 });
    expect(part.equals(body.subarray(1_234_567, 5_234_567))).toBe(true);
  });

  test('of a content no more is taken than is under way, however slow the server is', async () => {
    await using proxy = await proxyTo(server.port);
    const url = `${urlOf(place(), proxy.port)}?hostkey=${server.fingerprint}`;
    await using store = await openStore(url, { sshKey: server.key }, { patience: false });
    await store.put('first', text('x'));
    let taken = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        taken += 100_000;
        yield Buffer.alloc(100_000);
      }
    };
    const abort = new AbortController();
    proxy.stall(true);
    const put = store.put('x', endless(), { signal: abort.signal });
    put.catch(() => {});
    await sleep(500);
    expect(taken).toBeLessThan(3_000_000);
    proxy.stall(false);
    await waitFor(() => taken > 6_000_000, { what: 'it goes on' });
    abort.abort();
    await expect(put).rejects.toThrow(/abort/i);
    await waitFor(async () => (await store.size('x')) === undefined);
  });

  describe('the key of the server', () => {
    const told = async (url: string, knownHosts: string): Promise<unknown> => {
      await using store = await openStore(url, { sshKey: server.key }, { patience: false, knownHosts });
      return await store.size('x').then(
        () => 'trusted',
        (error: unknown) => error,
      );
    };

    test('unknown, it is refused, and its fingerprint shown', async () => {
      expect(await told(urlOf('/x'), '/dev/null')).toMatchObject({
        kind: 'untrusted',
        why: expect.stringContaining(server.fingerprint),
        hint: expect.stringContaining(`?hostkey=${server.fingerprint}`),
      });
    });

    test('pinned by its fingerprint, it is trusted; another one is not', async () => {
      expect(await told(`${urlOf('/x')}?hostkey=${server.fingerprint}`, '/dev/null')).toBe('trusted');
      expect(await told(`${urlOf('/x')}?hostkey=SHA256:AAAA`, server.knownHosts)).toMatchObject({
        kind: 'untrusted',
      });
    });

    test('hashed, revoked, by pattern: as OpenSSH reads known_hosts', async () => {
      await using dir = await temporaryDirectory();
      const file = join(dir.path, 'known');
      const line = readFileSync(server.knownHosts, 'utf8');
      const trusts = async (content: string): Promise<boolean> => {
        writeFileSync(file, content);
        const { trusts } = await known('127.0.0.1', server.port, file);
        return trusts(Buffer.from(line.split(' ')[2]!, 'base64'));
      };
      const [, kind, key] = line.trim().split(' ');
      expect(await trusts(line)).toBe(true);
      expect(await trusts(`@revoked ${line}${line}`)).toBe(false);
      expect(await trusts(`@cert-authority ${line}`)).toBe(false);
      expect(await trusts(`[127.0.0.*]:* ${kind} ${key}`)).toBe(true);
      expect(await trusts(`![127.0.0.1]:*,[127.0.0.*]:* ${kind} ${key}`)).toBe(false);
      expect(await trusts(`127.0.0.1 ${kind} ${key}`)).toBe(false);
      writeFileSync(file, line);
      execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
      const hashed = readFileSync(file, 'utf8');
      expect(hashed).toMatch(/^\|1\|/);
      expect(await trusts(hashed)).toBe(true);
    });
  });

  test('failures are told by their kind', async () => {
    const asked = async (url: string, credentials: { sshKey?: string; password?: string }) => {
      const options = { patience: false, knownHosts: server.knownHosts } as const;
      await using store = await openStore(url, credentials, options);
      await store.put('x', text('x'));
    };
    await expect(asked(urlOf('/x'), {})).rejects.toMatchObject({ kind: 'misconfigured' });
    await expect(asked(urlOf('/x'), { sshKey: 'no key' })).rejects.toMatchObject({ kind: 'misconfigured' });
    await expect(asked(urlOf('/x'), { sshKey: server.strangerKey })).rejects.toMatchObject({
      kind: 'forbidden',
    });
    await expect(asked(urlOf('/proc/x'), { sshKey: server.key })).rejects.toMatchObject({ kind: 'failed' });
    await expect(asked(urlOf('/root/x/y'), { sshKey: server.key })).rejects.toMatchObject({
      kind: 'forbidden',
    });
  });

  test.skipIf(process.getuid?.() !== 0)(
    'a full disk is told as full, and takes the object when there is room',
    async () => {
      const path = place();
      mkdirSync(path);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=777', 'none', path]);
      try {
        await using store = await opened(path);
        await store.put('a', pieces(Buffer.alloc(2_000_000), 100_000));
        await expect(store.put('x', pieces(Buffer.alloc(2_000_000), 100_000))).rejects.toMatchObject({
          kind: 'full',
        });
        await store.remove('a');
        expect(await store.put('x', pieces(Buffer.alloc(2_000_000), 100_000))).toBe('stored');
      } finally {
        execFileSync('umount', ['-l', path]);
      }
    },
  );

  describeNetwork('an account', async () => {
    const path = place();
    const pin = `?hostkey=${server.fingerprint}`;
    return {
      port: server.port,
      open: (port, timeout) =>
        openStore(urlOf(path, port) + pin, { sshKey: server.key }, { patience: false, timeout }),
    };
  });
});

async function* pieces(bytes: Buffer, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

const text = (content: string): AsyncIterable<Uint8Array> => pieces(Buffer.from(content), 3);

async function contentOf(store: Store, ...[name, range]: Parameters<Store['read']>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const bytes of store.read(name, range)) found.push(bytes);
  return Buffer.concat(found);
}

const textOf = async (store: Store, name: string): Promise<string> =>
  (await contentOf(store, name)).toString();
