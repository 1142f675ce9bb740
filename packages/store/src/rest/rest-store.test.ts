import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isMissing, restServer, type RestServer } from '@gofr-backup/testing';
import { describeStore } from '../contract.ts';
import { describeNetwork } from '../network.scenario.ts';
import { openStore } from '../open-store.ts';
import type { Store } from '../store.ts';

describe.skipIf(isMissing('rclone'))('with rclone as the server', () => {
  let server: RestServer;
  let careful: RestServer;
  beforeAll(async () => {
    server = await restServer();
    careful = await restServer({ appendOnly: true, root: server.root });
  });
  afterAll(async () => {
    await careful[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const urlOf = (place: string, { port, user }: { port: number; user: string } = server): string =>
    `rest+http://${user}@127.0.0.1:${port}/${place}/`;
  const opened = (place: string, at: RestServer = server, password = at.password): Promise<Store> =>
    openStore(urlOf(place, at), { password }, { patience: false, timeout: 20_000 });

  describeStore('a repository keeps the contract', async () => {
    const place = randomUUID();
    return { store: await opened(place), again: await opened(place) };
  });

  test('every blob has the sha256 of its bytes for its name, as rest-server demands', async () => {
    const place = randomUUID();
    await using store = await opened(place);
    for (const name of ['a', 'b/c']) await store.put(name, text(name));
    await store.put('same', text('a'));
    const root = join(server.root, place);
    const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    // three entries, and the bytes of two
    expect(files).toHaveLength(5);
    for (const { parentPath, name } of files)
      expect(
        createHash('sha256')
          .update(readFileSync(join(parentPath, name)))
          .digest('hex'),
      ).toBe(name);
    await store.remove('a');
    expect(await textOf(store, 'same')).toBe('a');
    await store.remove('same');
    await store.remove('b/c');
    const left = readdirSync(root, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    expect(left).toEqual([]);
  });

  test('a server that only adds takes copies, and a removal is told `forbidden`', async () => {
    const place = randomUUID();
    await using store = await opened(place, careful);
    expect(await store.put('x', text('x'))).toBe('stored');
    expect(await store.put('x', text('y'))).toBe('taken');
    await expect(store.remove('x')).rejects.toMatchObject({ kind: 'forbidden' });
    expect(await textOf(store, 'x')).toBe('x');
    // prune runs elsewhere, with other credentials
    await using elsewhere = await opened(place);
    await elsewhere.remove('x');
    expect(await store.size('x')).toBeUndefined();
  });

  test('what others put there is no object; a damaged entry is told, not left out', async () => {
    const place = randomUUID();
    await using store = await opened(place);
    await store.put('x', text('x'));
    const index = join(server.root, place, 'index');
    mkdirSync(index, { recursive: true });
    for (const foreign of ['{}', 'x', 'null', '[1]', '{"name":"../x","size":1}', 'y'.repeat(10_000)])
      writeFileSync(join(index, createHash('sha256').update(foreign).digest('hex')), foreign);
    const listed: string[] = [];
    for await (const { name } of store.list()) listed.push(name);
    expect(listed).toEqual(['x']);
    writeFileSync(join(index, '0'.repeat(64)), '{}');
    await expect(store.list()[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('damaged'),
    });
  });

  test('failures are told by their kind', async () => {
    await using wrong = await opened('x', server, 'wrong');
    await expect(wrong.put('x', text('x'))).rejects.toMatchObject({ kind: 'forbidden' });
  });

  describeNetwork('a repository', async () => {
    const place = randomUUID();
    return {
      port: server.port,
      open: (port, timeout) =>
        openStore(
          urlOf(place, { port, user: server.user }),
          { password: server.password },
          { patience: false, timeout },
        ),
    };
  });
});

async function* text(content: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content);
}

async function textOf(store: Store, name: string): Promise<string> {
  const found: Uint8Array[] = [];
  for await (const bytes of store.read(name)) found.push(bytes);
  return Buffer.concat(found).toString();
}
