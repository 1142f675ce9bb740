/** Extended attributes go into the archive as GNU tar and bsdtar write them, come back, and are proved. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { isMissing, temporaryDirectory } from '@gofr-backup/testing';
import { DirectoryHandle, readXattrs, withoutNative, writeXattr } from '@gofr-backup/posix';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openArchive } from '../read/open.ts';
import { readFittingXattrs } from './fitting-xattrs.ts';
import type { WalkEntry } from '../source/source.ts';
import { archive, HOURS_LATER, inside, previousOf, writerPorts } from './create.fixture.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let at: (name: string) => string;
beforeEach(async () => {
  place = await temporaryDirectory();
  at = inside(place.path);
  mkdirSync(at('source/d/e'), { recursive: true });
  for (const name of ['f', 'd/g']) writeFileSync(at(`source/${name}`), name);
  symlinkSync('f', at('source/l'));
});
afterEach(() => place[Symbol.asyncDispose]());

const PATHS = ['.', 'f', 'd', 'd/e', 'd/g'];
type Attributes = Record<string, Buffer>;

function set(root: string, path: string, attributes: Attributes): void {
  using directory = DirectoryHandle.open(root);
  for (const [name, value] of Object.entries(attributes))
    writeXattr({ directory: directory.fd, name: path }, name, value);
}

function found(root: string): Record<string, Attributes> {
  using directory = DirectoryHandle.open(root);
  return Object.fromEntries(
    PATHS.map((path) => [
      path,
      Object.fromEntries(readXattrs({ directory: directory.fd, name: path }) ?? []),
    ]),
  );
}

async function extract(name: string): Promise<string> {
  const options = { ...writerPorts(), archivePath: at(name), indexPath: at(`${name}.idx`), threads: 1 };
  const reader = await openArchive(options);
  try {
    expect(await reader.verify(writerPorts())).toMatchObject({ ok: true, problems: [] });
    mkdirSync(at(`out-${name}`));
    const { warnings } = await reader.extract({ ...writerPorts(), directory: at(`out-${name}`) });
    expect(warnings).toEqual([]);
  } finally {
    await reader.close();
  }
  return at(`out-${name}/storage`);
}

const name = fc
  .string({ unit: fc.constantFrom('a', 'B', '.', ' ', '=', '%', '\xe9', '3D'), minLength: 1, maxLength: 12 })
  .map((text) => `user.${text}`);
const attributes = fc.dictionary(
  name,
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  { maxKeys: 3 },
);

test('random names and values come back, also out of an archive without its index', async () => {
  let n = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(attributes, { minLength: 5, maxLength: 5 }), async (all) => {
      rmSync(at('source'), { recursive: true });
      mkdirSync(at('source/d/e'), { recursive: true });
      for (const file of ['f', 'd/g']) writeFileSync(at(`source/${file}`), file);
      PATHS.forEach((path, which) => set(at('source'), path, all[which]!));
      const archived = `archive-${n++}`;
      await archive(at('source'), at(archived), { xattrs: true });
      expect(found(await extract(archived))).toEqual(found(at('source')));
      rmSync(at(`out-${archived}`), { recursive: true });
      rmSync(at(`${archived}.idx`));
      expect(found(await extract(archived))).toEqual(found(at('source')));
    }),
    { numRuns: 15 },
  );
});

const TOOLS: [string, string[]][] = [
  ['tar', ['--xattrs', '--xattrs-include=*', '-xzf']],
  ['bsdtar', ['--xattrs', '-xpf']],
];
for (const [tool, args] of TOOLS)
  test.skipIf(isMissing(tool))(`${tool} brings them back`, async () => {
    set(at('source'), 'f', { 'user.one': Buffer.from([0, 255, 10]), 'user.empty': Buffer.alloc(0) });
    set(at('source'), 'd', { 'user.text': Buffer.from('hello') });
    await archive(at('source'), at('archive'), { xattrs: true });
    mkdirSync(at('out'));
    execFileSync(tool, [...args, at('archive'), '-C', at('out')]);
    expect(found(at('out/storage'))).toEqual(found(at('source')));
  });

test.skipIf(isMissing('setfattr') || process.getuid?.() !== 0)(
  'capabilities and ACLs are among them',
  async () => {
    const capability = '0x0100000200200000000000000000000000000000';
    execFileSync('setfattr', ['-n', 'security.capability', '-v', capability, at('source/f')]);
    // user::rw- user:1234:r-- group::r-- mask::r-- other::r--
    const entries = [
      '02000000',
      '01000600ffffffff',
      '02000400d2040000',
      '04000400ffffffff',
      '10000400ffffffff',
      '20000400ffffffff',
    ];
    execFileSync('setfattr', [
      '-n',
      'system.posix_acl_access',
      '-v',
      `0x${entries.join('')}`,
      at('source/d/g'),
    ]);
    await archive(at('source'), at('archive'), { xattrs: true });
    const restored = found(await extract('archive'));
    expect(restored).toEqual(found(at('source')));
    expect(Object.keys(restored['f']!)).toEqual(['security.capability']);
    expect(Object.keys(restored['d/g']!)).toEqual(['system.posix_acl_access']);
  },
);

test('an unchanged frame keeps them; another setting reads every file again, and copies what is the same', async () => {
  set(at('source'), 'f', { 'user.one': Buffer.from('1') });
  const run = (to: string, xattrs: boolean, from?: string) =>
    archive(at('source'), at(to), {
      ...{ xattrs, clock: HOURS_LATER, linkUnchanged: true },
      ...(from === undefined ? {} : { previous: previousOf(at(from)) }),
    });
  await run('1', true);
  expect(await run('2', true, '1')).toMatchObject({ linked: true });
  expect(await run('3', false, '2')).toMatchObject({ linked: false });
  expect(readFileSync(at('3')).equals(readFileSync(at('1')))).toBe(false);
  expect(await run('4', false, '3')).toMatchObject({ linked: true });
  expect(found(await extract('2'))['f']).toEqual({ 'user.one': Buffer.from('1') });
  expect(found(await extract('3'))['f']).toEqual({});
});

test('what does not fit is not read, and why is told', () => {
  set(at('source'), 'f', { 'user.large': Buffer.alloc(2000, 'y') });
  const fd = openSync(at('source/f'), 'r');
  const entry = { path: 'f' } as WalkEntry;
  expect(readFittingXattrs(entry, fd, 1000)).toEqual({ xattrsMissing: 'TOO_LARGE' });
  expect(readFittingXattrs(entry, fd, 10_000).xattrs?.get('user.large')?.length).toBe(2000);
  writeFileSync(at('source/plain'), '');
  const plain = openSync(at('source/plain'), 'r');
  expect(readFittingXattrs({ path: 'plain' } as WalkEntry, plain, -1)).toEqual({});
  closeSync(plain);
  closeSync(fd);
});

test('without the calls nothing fails', async () => {
  set(at('source'), 'f', { 'user.one': Buffer.from('1') });
  await withoutNative(() => archive(at('source'), at('archive'), { xattrs: true }));
  expect(await extract('archive')).toBeDefined();
});
