import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryDirectory } from '@gofr-backup/testing';
import { DEMANDS, describeStore, type Opened } from './contract.ts';
import { DirectoryStore } from './directory/directory-store.ts';
import { type Fault, faulty, type Verb } from './faulty.ts';
import { MemoryStore } from './memory-store.fixture.ts';
import type { Store } from './store.ts';

let directories: AsyncDisposableStack;
beforeEach(() => (directories = new AsyncDisposableStack()));
afterEach(() => directories.disposeAsync());

async function opened(fault?: Fault, verb?: Verb): Promise<Opened> {
  const { path } = directories.use(await temporaryDirectory());
  const faults = (asked: Verb) => (asked === verb ? fault : undefined);
  const open = (): Store => faulty(new DirectoryStore(path), faults);
  return { store: open(), again: open() };
}

describeStore('without faults it keeps the contract', () => opened());
describeStore('slow, it keeps the contract', () => opened({ kind: 'slow', ms: 5 }, 'put'));

describeStore('a store in memory keeps the contract', async () => {
  const { objects } = new MemoryStore();
  return { store: new MemoryStore(objects), again: new MemoryStore(objects) };
});

const VERBS: Verb[] = ['put', 'read', 'size', 'list', 'remove', 'now'];
const BROKEN = VERBS.flatMap((verb) => (['error', 'half', 'lie'] as const).map((kind) => ({ verb, kind })));

test.each(BROKEN)('the contract catches $kind at $verb', async ({ verb, kind }) => {
  const broken: string[] = [];
  for (const { name, expectMet } of DEMANDS)
    await expectMet(await opened({ kind }, verb)).catch(() => broken.push(name));
  expect(broken).not.toEqual([]);
});

test('an error comes before anything has happened, a half put stores nothing, a half remove removes', async () => {
  const content = async function* () {
    yield Buffer.from('one');
    yield Buffer.from('two');
  };
  const { path } = directories.use(await temporaryDirectory());
  const honest = new DirectoryStore(path);
  for (const kind of ['error', 'half'] as const)
    await expect(faulty(honest, () => ({ kind })).put('x', content())).rejects.toMatchObject({
      kind: 'failed',
    });
  expect(await honest.size('x')).toBeUndefined();
  await honest.put('x', content());
  await expect(faulty(honest, () => ({ kind: 'half' })).remove('x')).rejects.toMatchObject({
    kind: 'failed',
  });
  expect(await honest.size('x')).toBeUndefined();
});
