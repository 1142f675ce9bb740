import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isMissing, webDavServer, type WebDavServer } from '@gofr-backup/testing';
import { describeStore } from '../contract.ts';
import { expectSwept } from '../leftovers.scenario.ts';
import { describeNetwork } from '../network.scenario.ts';
import { openStore } from '../open-store.ts';
import type { Store } from '../store.ts';
import { resourcesIn } from './multistatus.ts';

describe.skipIf(isMissing('apache2'))('with Apache', () => {
  let server: WebDavServer;
  beforeAll(async () => void (server = await webDavServer()));
  afterAll(() => server[Symbol.asyncDispose]());

  const urlOf = (place: string, port = server.port): string =>
    `webdav+http://${server.user}@127.0.0.1:${port}/dav/${place}`;
  const opened = (place: string, password = server.password): Promise<Store> =>
    openStore(urlOf(place), { password }, { patience: false, timeout: 20_000 });

  describeStore('a collection keeps the contract', async () => {
    const place = `${randomUUID()}/not/there yet`.replace(' ', '%20');
    return { store: await opened(place), again: await opened(place) };
  });

  test('nothing is left beside the objects, and what others put there is none', async () => {
    const place = randomUUID();
    await using store = await opened(place);
    await store.put('a/x', text('x'));
    await store.put('a/x', text('y'));
    await expect(store.put('a/y', failing())).rejects.toThrow('no more');
    const root = join(server.root, place);
    expect(readdirSync(root)).toEqual(['a']);
    mkdirSync(join(root, 'A Ö'), { mode: 0o755 });
    for (const name of ['A Ö/x', '.hidden', 'B']) writeFileSync(join(root, name), 'x');
    const listed: string[] = [];
    for await (const { name } of store.list()) listed.push(name);
    expect(listed).toEqual(['a/x']);
  });

  test('the first put sweeps what puts left that were killed long ago, and nothing else', async () => {
    const place = randomUUID();
    await expectSwept(join(server.root, place), () => opened(place));
  });

  test('failures are told by their kind', async () => {
    const put = async (url: string, password: string): Promise<void> => {
      await using store = await openStore(url, { password }, { patience: false });
      await store.put('x', text('x'));
    };
    await expect(put(urlOf('x'), 'wrong')).rejects.toMatchObject({ kind: 'forbidden' });
    const elsewhere = urlOf('x').replace('/dav/', '/locks/');
    await expect(put(elsewhere, server.password)).rejects.toMatchObject({ kind: 'unsupported' });
  });

  test.skipIf(process.getuid?.() !== 0)(
    'a directory of others is forbidden; a full disk stores nothing',
    async () => {
      const place = randomUUID();
      mkdirSync(join(server.root, place), { mode: 0o755 });
      await using store = await opened(place);
      await expect(store.put('x', text('x'))).rejects.toMatchObject({
        kind: expect.stringMatching(/forbidden|failed/),
      });
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=777', 'none', join(server.root, place)]);
      try {
        await expect(store.put('x', text('x'.repeat(2_000_000)))).rejects.toMatchObject({
          kind: expect.stringMatching(/full|failed/),
        });
        expect(await store.size('x')).toBeUndefined();
        expect(await store.put('x', text('x'))).toBe('stored');
      } finally {
        execFileSync('umount', ['-l', join(server.root, place)]);
      }
    },
  );

  describeNetwork('a collection', async () => {
    const place = randomUUID();
    return {
      port: server.port,
      open: (port, timeout) =>
        openStore(urlOf(place, port), { password: server.password }, { patience: false, timeout }),
    };
  });
});

test('what is no answer of WebDAV tells of nothing', () => {
  const base = new URL('http://host/dav/');
  for (const text of ['', 'x', '<html><body>hello</body></html>', '<multistatus/>', '{"a":1}'])
    expect(resourcesIn(text, base)).toEqual([]);
  const one = (inner: string): string =>
    `<d:multistatus xmlns:d="DAV:"><d:response>${inner}</d:response></d:multistatus>`;
  const props = '<d:propstat><d:prop><d:getcontentlength>7</d:getcontentlength></d:prop></d:propstat>';
  expect(resourcesIn(one(`<d:href>http://host/dav/a%20b</d:href>${props}`), base)).toMatchObject([
    { path: '/dav/a b', size: 7 },
  ]);
  expect(resourcesIn(one(`<d:href>/dav/%zz</d:href>${props}`), base)).toMatchObject([
    { path: '/dav/%zz', size: 7 },
  ]);
});

async function* text(content: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content);
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('some');
  throw new Error('no more');
}
