/** The test suite for every store behind a network: what it makes of one that cuts, stalls or is not there. */
import { describe, expect, test } from 'vitest';
import { freePort, type Proxy, proxyTo } from '@gofr-backup/testing';
import { retrying } from './retrying.ts';
import type { Store } from './store.ts';

export interface Networked {
  /** of the server, on loopback */
  port: number;
  /** An opening of the one store, empty at the first call of a test, by way of that port. */
  open(port: number, timeout: number): Promise<Store>;
}

const PATIENT = 20_000;
/** ms: a busy machine answers within it, and a test can wait for it */
const IMPATIENT = 1500;
const CUTS = 5;
const BODY = Buffer.alloc(400_000, 'gofr backup');

export function describeNetwork(name: string, prepare: () => Promise<Networked>): void {
  describe(`${name}, by a network that fails`, () => {
    test('a put that is cut anywhere leaves no object or the whole; tried again it is stored', async () => {
      await using it = await behindProxy(await prepare());
      for (let n = 0; n < CUTS; n++) {
        const name = `cut/${n}`;
        // the whole range, the last bytes and the answer among it
        it.proxy.cutAfter(
          n === 0 ? 0 : Math.floor(Math.random() * BODY.length * 1.05),
          n === 1 ? 'down' : 'up',
        );
        const failure = await it.store.put(name, body()).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failure !== undefined) expect(failure).toMatchObject({ kind: 'unreachable' });
        expect([undefined, BODY.length]).toContain(await it.patient.size(name));
        await it.patient.put(name, body());
        expect((await content(it.direct, name)).equals(BODY)).toBe(true);
      }
    });

    test('a read that is cut fails, and never ends as if it were whole; tried again it goes on', async () => {
      await using it = await behindProxy(await prepare());
      await it.store.put('x', body());
      for (let n = 0; n < CUTS; n++) {
        const after = Math.floor(Math.random() * BODY.length * 0.9);
        it.proxy.cutAfter(after, 'down');
        await expect(content(it.store, 'x')).rejects.toMatchObject({ kind: 'unreachable' });
        it.proxy.cutAfter(after, 'down');
        expect((await content(it.patient, 'x')).equals(BODY)).toBe(true);
      }
    });

    test('a server that falls silent is unreachable after a while, and is reached again', async () => {
      const networked = await prepare();
      await using it = await behindProxy(networked);
      await it.store.put('x', body());
      await using store = await networked.open(it.proxy.port, IMPATIENT);
      expect(await store.size('x')).toBe(BODY.length);
      it.proxy.stall(true);
      await expect(store.size('x')).rejects.toMatchObject({ kind: 'unreachable' });
      await expect(store.put('y', body())).rejects.toMatchObject({ kind: 'unreachable' });
      await expect(content(store, 'x')).rejects.toMatchObject({ kind: 'unreachable' });
      it.proxy.stall(false);
      expect(await retrying(store, { first: 50 }).size('x')).toBe(BODY.length);
    });

    test('an abort ends a call that hangs', async () => {
      await using it = await behindProxy(await prepare());
      await it.store.put('x', body());
      it.proxy.stall(true);
      await expect(it.store.put('y', body(), { signal: AbortSignal.timeout(100) })).rejects.toThrow(/abort/i);
      await expect(it.store.size('x', AbortSignal.timeout(100))).rejects.toThrow(/abort/i);
      await expect(content(it.store, 'x', AbortSignal.timeout(100))).rejects.toThrow(/abort/i);
    });

    test('where nobody listens, it is unreachable', async () => {
      const networked = await prepare();
      const nobody = await freePort();
      const asked = async () => {
        await using store = await networked.open(nobody, PATIENT);
        await store.size('x');
      };
      await expect(asked()).rejects.toMatchObject({ kind: 'unreachable' });
    });
  });
}

interface Behind extends AsyncDisposable {
  proxy: Proxy;
  store: Store;
  patient: Store;
  direct: Store;
}

async function behindProxy({ port, open }: Networked): Promise<Behind> {
  await using stack = new AsyncDisposableStack();
  const proxy = stack.use(await proxyTo(port));
  const direct = stack.use(await open(port, PATIENT));
  const store = stack.use(await open(proxy.port, PATIENT));
  const all = stack.move();
  return {
    proxy,
    direct,
    store,
    patient: retrying(store, { first: 20 }),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function* body(): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < BODY.length; at += 50_000) yield BODY.subarray(at, at + 50_000);
}

async function content(store: Store, name: string, signal?: AbortSignal): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const bytes of store.read(name, undefined, signal)) found.push(bytes);
  return Buffer.concat(found);
}
