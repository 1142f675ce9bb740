import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryDirectory } from '@gofr-backup/testing';
import { DEMANDS, describeStore } from './contract.ts';
import { DirectoryStore } from './directory/directory-store.ts';
import { type Fault, faulty, type Faults } from './faulty.ts';
import { limited } from './limited.ts';
import { retrying } from './retrying.ts';
import type { StoreError, StoreProblem } from './store-error.ts';
import type { Store } from './store.ts';

let directories: AsyncDisposableStack;
beforeEach(() => (directories = new AsyncDisposableStack()));
afterEach(() => directories.disposeAsync());

const QUICK = { first: 1, longest: 4 };

async function directoryStore(): Promise<Store> {
  const { path } = directories.use(await temporaryDirectory());
  return new DirectoryStore(path);
}

/** Every call fails `times` times before it goes well. */
function firstTimes(times: number, fault: Fault): Faults {
  const asked = new Map<string, number>();
  return (verb, name) => {
    const before = asked.get(verb + name) ?? 0;
    asked.set(verb + name, before + 1);
    return before % (times + 1) < times ? fault : undefined;
  };
}

describeStore('limited to a rate, it keeps the contract', async () => {
  const store = limited(await directoryStore(), 50_000_000);
  return { store, again: store };
});

const PASSING: Fault[] = [
  { kind: 'error', problem: 'unreachable' },
  { kind: 'error', problem: 'busy' },
  { kind: 'half' },
];

test.each(PASSING)('the contract is kept though every call fails twice: $kind $problem', async (fault) => {
  for (const { name, expectMet } of DEMANDS) {
    const store = await directoryStore();
    const again = () => retrying(faulty(store, firstTimes(2, fault)), QUICK);
    await expectMet({ store: again(), again: again() }).catch((error: Error) =>
      expect.unreachable(`${name}: ${error}`),
    );
  }
});

test('a put whose answer was lost is taken by its own bytes', async () => {
  const store = await directoryStore();
  const patient = retrying(faulty(store, firstTimes(1, { kind: 'lost' })), QUICK);
  expect(await patient.put('x', generated('one', 'two'))).toBe('taken');
  expect(await textOf(store, 'x')).toBe('onetwo');
});

test('of a generator each retry sends every piece, and the generator is closed', async () => {
  const store = await directoryStore();
  const patient = retrying(faulty(store, firstTimes(2, { kind: 'half' })), QUICK);
  let closed = false;
  const content = async function* () {
    try {
      yield* ['one', 'two', 'three'].map((text) => Buffer.from(text));
    } finally {
      closed = true;
    }
  };
  expect(await patient.put('x', content())).toBe('stored');
  expect(await textOf(store, 'x')).toBe('onetwothree');
  expect(closed).toBe(true);
});

test.each<StoreProblem>(['forbidden', 'full', 'missing', 'untrusted', 'misconfigured', 'unsupported'])(
  'what does not pass is not tried again: %s',
  async (problem) => {
    let calls = 0;
    const store = faulty(await directoryStore(), () => (calls++, { kind: 'error', problem }));
    await expect(retrying(store, QUICK).size('x')).rejects.toMatchObject({ kind: problem });
    expect(calls).toBe(1);
  },
);

test('it gives up after so many, with the last failure; each was told', async () => {
  const told: string[] = [];
  const patience = {
    ...QUICK,
    retries: 3,
    onRetry: ({ kind }: StoreError, n: number) => void told.push(`${kind} ${n}`),
  };
  const store = faulty(await directoryStore(), () => ({ kind: 'error', problem: 'unreachable' }));
  await expect(retrying(store, patience).size('x')).rejects.toMatchObject({ kind: 'unreachable' });
  expect(told).toEqual(['unreachable 1', 'unreachable 2', 'unreachable 3']);
});

test('of a read as well, whose first failure counts; what does not pass is told to nobody', async () => {
  const told: string[] = [];
  const patience = {
    ...QUICK,
    retries: 3,
    onRetry: ({ kind }: StoreError, n: number) => void told.push(`${kind} ${n}`),
  };
  for (const problem of ['busy', 'forbidden'] as const) {
    let calls = 0;
    const store = faulty(await directoryStore(), () => (calls++, { kind: 'error', problem }));
    await expect(textOf(retrying(store, patience), 'x')).rejects.toMatchObject({ kind: problem });
    expect(calls).toBe(problem === 'busy' ? 4 : 1);
  }
  expect(told).toEqual(['busy 1', 'busy 2', 'busy 3']);
});

test('an abort ends the waiting of a read, before it and in it', async () => {
  const store = retrying(
    faulty(await directoryStore(), () => ({ kind: 'error' })),
    { first: 60_000 },
  );
  const began = performance.now();
  for (const signal of [AbortSignal.abort(), AbortSignal.timeout(20)])
    await expect(store.read('x', undefined, signal)[Symbol.asyncIterator]().next()).rejects.toThrow(/abort/i);
  expect(performance.now() - began).toBeLessThan(10_000);
});

test('an abort ends the waiting', async () => {
  const store = retrying(
    faulty(await directoryStore(), () => ({ kind: 'error' })),
    { first: 60_000 },
  );
  const began = performance.now();
  await expect(store.size('x', AbortSignal.timeout(20))).rejects.toThrow(/abort/i);
  expect(performance.now() - began).toBeLessThan(10_000);
});

test('a read goes on where it broke', async () => {
  const store = await directoryStore();
  await store.put('x', generated('0123456789'));
  const patient = retrying(faulty(store, firstTimes(2, { kind: 'half' })), QUICK);
  for (const [offset, length] of [
    [0, 10],
    [3, 5],
    [9, 5],
  ] as const)
    expect(await textOf(patient, 'x', { offset, length })).toBe('0123456789'.slice(offset, offset + length));
});

test('the rate holds for all calls together, in both directions', async () => {
  const store = limited(await directoryStore(), 1_000_000);
  const began = performance.now();
  await Promise.all(['a', 'b'].map((name) => store.put(name, generated('x'.repeat(150_000)))));
  expect((await textOf(store, 'a')).length).toBe(150_000);
  // the last slice of each is not waited for
  expect(performance.now() - began).toBeGreaterThan(300);
});

async function* generated(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function textOf(store: Store, ...[name, range]: Parameters<Store['read']>): Promise<string> {
  const found: Uint8Array[] = [];
  for await (const bytes of store.read(name, range)) found.push(bytes);
  return Buffer.concat(found).toString();
}
