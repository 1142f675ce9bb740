/** Archives that others made, appended to or padded: read as tar reads them. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { hostileTar, isMissing, readTree, temporaryDirectory, tries } from '@gofr-backup/testing';
import type { ArchiveEntry } from '@gofr-backup/model';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ArchiveReader } from '../types.ts';
import { collect, extractTo, opened, testPorts } from './reading.fixture.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
const at = (path: string): string => join(place.path, path);
beforeEach(async () => {
  place = await temporaryDirectory();
});
afterEach(() => place[Symbol.asyncDispose]());

const tar = (...args: string[]): Buffer => execFileSync('tar', args, { cwd: at('source') });

/** As tar unpacks it and as we do, with and without an index made of it; hard links by their groups. */
async function expectAsTar(archivePath: string): Promise<void> {
  for (const name of ['by-tar', 'by-us']) rmSync(at(name), { recursive: true, force: true });
  mkdirSync(at('by-tar'));
  execFileSync('tar', ['-xpf', archivePath, '-C', at('by-tar')]);
  const expected = await readTree(at('by-tar'), { without: ['mtimeNs'] });
  await using reader = await opened({ archivePath });
  const { ok, problems } = await reader.verify(testPorts());
  expect([ok, problems]).toEqual([true, []]);
  await reader.extract({ ...testPorts(), directory: mkdirFresh('by-us') });
  expect(await readTree(at('by-us'), { without: ['mtimeNs'] })).toEqual(expected);
  const listed = (await entriesOf(reader)).filter(({ type }) => type !== 'directory');
  expect(new Set(listed.map(({ path }) => path)).size).toBe(listed.length);
  for (const { path, type } of listed)
    if (type !== 'symlink')
      expect((await collect(reader.content(path))).toString(), path).toBe(
        readFileSync(at(`by-tar/${path}`), 'utf8'),
      );
  await extractTo(archivePath, at('parts'), { paths: [listed[0]!.path] });
  rmSync(at('parts'), { recursive: true });
}

async function entriesOf(reader: Pick<ArchiveReader, 'entries'>): Promise<ArchiveEntry[]> {
  const all: ArchiveEntry[] = [];
  for await (const entry of reader.entries()) all.push(entry);
  return all;
}

function mkdirFresh(name: string): string {
  mkdirSync(at(name));
  return at(name);
}

describe('what tar -r has appended', () => {
  test('takes the place of what was there, also of a file that hard links lead to', async () => {
    mkdirSync(at('source/data'), { recursive: true });
    writeFileSync(at('source/data/a'), 'first');
    linkSync(at('source/data/a'), at('source/data/h'));
    linkSync(at('source/data/a'), at('source/data/i'));
    tar('-cf', at('a.tar'), 'data');
    for (const content of ['second', 'third']) {
      writeFileSync(at('source/data/a'), content);
      tar('-rf', at('a.tar'), 'data/a');
      await expectAsTar(at('a.tar'));
    }
    rmSync(at('source/data/a'));
    symlinkSync('h', at('source/data/a'));
    tar('-rf', at('a.tar'), 'data/a');
    await expectAsTar(at('a.tar'));
  });

  const NAMES = ['a', 'b', 'c', 'd'];
  const member = fc.record({
    name: fc.constantFrom(...NAMES),
    type: fc.constantFrom('0', '0', '1', '2'),
    link: fc.constantFrom(...NAMES),
    content: fc.string({ unit: fc.constantFrom('x', 'y', 'z'), maxLength: 5 }),
  });

  test('whatever takes the place of whatever, it is as tar leaves it', { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(member, { minLength: 2, maxLength: 9 }), async (drawn) => {
        const there = new Set<string>();
        // Known: a name that links led to, and that becomes a link itself, comes back with its content as a file of its own.
        const targets = new Set<string>();
        const members = drawn.flatMap(({ name, type, link, content }) => {
          if (type === '1' && (!there.has(link) || link === name || targets.has(name))) return [];
          there.add(name);
          if (type === '1') targets.add(link);
          return [type === '0' ? { name, content } : { name, type, link }];
        });
        fc.pre(members.length > 0);
        writeFileSync(at('drawn.tar'), hostileTar(members));
        await expectAsTar(at('drawn.tar'));
      }),
      { numRuns: tries(60, 300) },
    );
  });
});

describe('an incremental archive of GNU tar', () => {
  test('is read, the full one and those after it', async () => {
    mkdirSync(at('source/data/d'), { recursive: true });
    writeFileSync(at('source/data/d/f'), 'then');
    for (const name of ['full', 'next']) {
      tar(`--listed-incremental=${at('snapshot')}`, '-czf', at(`${name}.tar.gz`), 'data');
      await expectAsTar(at(`${name}.tar.gz`));
      writeFileSync(at('source/data/d/g'), 'now');
    }
    expect(existsSync(at('by-us/data/d/g'))).toBe(true);
  });
});

describe('zeros behind the stream', () => {
  const PACKERS: [string, string[]][] = [
    ['gzip', ['gzip', '-c']],
    ['bzip2', ['bzip2', '-c']],
    ['xz', ['xz', '-c']],
    ['zstd', ['zstd', '-qc']],
  ];
  const made = (program: string[]): Buffer =>
    execFileSync(program[0]!, program.slice(1), { input: hostileTar([{ name: 'f', content: 'content' }]) });

  test.each(PACKERS.filter(([program]) => !isMissing(program)))(
    'are no damage after %s, and anything else is',
    async (name, program) => {
      const archivePath = at(`archive.${name}`);
      // xz wants them by four
      for (const zeros of [4, 512, 9132, 200_000]) {
        writeFileSync(archivePath, Buffer.concat([made(program), Buffer.alloc(zeros)]));
        await extractTo(archivePath, at(`out-${zeros}`));
        expect(readFileSync(at(`out-${zeros}/f`), 'utf8')).toBe('content');
        appendFileSync(archivePath, 'garbage');
        await expect(extractTo(archivePath, at('refused'))).rejects.toMatchObject({
          code: 'ARCHIVE_DAMAGED',
        });
        rmSync(at('refused'), { recursive: true });
      }
      writeFileSync(archivePath, Buffer.concat([made(program), Buffer.from('garbage'), Buffer.alloc(512)]));
      await expect(extractTo(archivePath, at('hidden'))).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED' });
    },
  );

  test.skipIf(isMissing('bsdtar')).each([
    ['-czf', 'gz'],
    ['-cjf', 'bz2'],
    ['-cJf', 'xz'],
    ['-c --zstd -f', 'zst'],
  ])('of bsdtar %s into a pipe', async (how, extension) => {
    mkdirSync(at('source'));
    for (let n = 0; n < 40; n++) writeFileSync(at(`source/${n}`), `content ${n}`.repeat(n));
    const archivePath = at(`archive.${extension}`);
    execFileSync('sh', ['-c', `bsdtar ${how} - . | cat > '${archivePath}'`], { cwd: at('source') });
    expect(statSync(archivePath).size % 10_240).toBe(0);
    await extractTo(archivePath, at('out'));
    expect(await readTree(at('out'), { without: ['mtimeNs'] })).toEqual(
      await readTree(at('source'), { without: ['mtimeNs'] }),
    );
  });
});

test.skipIf(isMissing('python3'))('times that Python writes with an exponent are read', async () => {
  const script = `import sys, tarfile, io
t = tarfile.open(sys.argv[1], 'w', format=tarfile.PAX_FORMAT)
for n, mtime in enumerate([0.00001, 1e-9, 1.5e-7, -0.00002, 1e17, 2e-12]):
  i = tarfile.TarInfo(f'f{n}'); i.mtime = mtime; t.addfile(i, io.BytesIO(b''))
t.close()`;
  execFileSync('python3', ['-c', script, at('python.tar')]);
  await using reader = await opened({ archivePath: at('python.tar') });
  const times = (await entriesOf(reader)).map(({ mtimeNs }) => mtimeNs);
  expect(times.slice(0, 4)).toEqual([10_000n, 1n, 150n, -20_000n]);
  expect(times[5]).toBe(0n);
});
