import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readlinkSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { hostileTar, isMissing, makeTree, readTree, temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { archive, inside } from '../write/create.fixture.ts';
import { setScene } from '../hostile/attack.fixture.ts';
import { extractTo, listOf, opened, testPorts } from '../read/reading.fixture.ts';

/** Where links lead in real services, and where they should not. */
const linksAround = (outside: string): Record<string, string> => ({
  'access.log': '/dev/stdout',
  absolute: outside,
  'to-precious': join(outside, 'precious'),
  climbs: '../../../../outside/precious',
  'climbs-out-of-another': 'up/../../outside',
  up: '..',
  dangling: 'nowhere/at/all',
  round: 'round',
  long: `${'./'.repeat(300)}../outside`,
  dot: '.',
});

test('links come back as they were, wherever they lead, as GNU tar brings them back', async () => {
  await using place = await temporaryDirectory();
  const at = inside(place.path);
  await makeTree(at('data'), { file: 'x', deep: { file: 'y' } });
  await makeTree(at('outside'), { precious: 'precious' });
  const links = linksAround(at('outside'));
  for (const [name, target] of Object.entries(links)) symlinkSync(target, at(`data/deep/${name}`));
  const outside = await readTree(at('outside'));
  for (const codec of ['none', 'gzip', 'zstd'] as const) {
    const out = at(codec);
    const { warnings } = await archive(at('data'), out, { codec });
    expect(warnings).toEqual([]);
    const files = { archivePath: out, indexPath: `${out}.idx` };
    await using reader = await opened(files);
    expect((await reader.verify(testPorts())).ok).toBe(true);
    await extractTo(out, `${out}-indexed`, { indexPath: `${out}.idx` });
    await extractTo(out, `${out}-streamed`);
    mkdirSync(`${out}-tar`);
    execFileSync('tar', ['-xpf', out, '-C', `${out}-tar`]);
    const expected = await readTree(`${out}-tar`, { without: ['mtimeNs'] });
    expect(await readTree(`${out}-indexed`, { without: ['mtimeNs'] })).toEqual(expected);
    expect(await readTree(`${out}-streamed`, { without: ['mtimeNs'] })).toEqual(expected);
    const [root] = Object.keys(expected).filter((path) => path.endsWith('/deep'));
    for (const [name, target] of Object.entries(links))
      expect(readlinkSync(join(`${out}-indexed`, root!, name))).toBe(target);
  }
  expect(await readTree(at('outside'))).toEqual(outside);
});

test('nothing is read or written through a link that is restored', async () => {
  const time = 1_000_000_000;
  const members = (outside: string) => [
    { name: 'data/', type: '5', mode: 0o700, mtime: time },
    ...Object.entries(linksAround(outside)).map(([name, link]) => ({
      ...{ name: `data/${name}`, type: '2', link, mode: 0o777, mtime: time },
      pax: { 'SCHILY.xattr.user.planted': 'value' },
    })),
    // a hard link to a link is one more link
    { name: 'data/again', type: '1', link: 'data/to-precious' },
    { name: 'data/file', content: 'content', mtime: time },
  ];
  await using scratch = await temporaryDirectory();
  const outside = join(scratch.path, 'outside');
  await makeTree(outside, { precious: 'precious' });
  const looks = () => [outside, join(outside, 'precious')].map((path) => statSync(path, { bigint: true }));
  const before = looks();
  await using scene = await setScene(hostileTar(members(outside)));
  const directory = join(scene.path, 'target');
  await using reader = await opened(scene.files);
  await reader.extract({ ...testPorts(), directory });
  expect(looks().map(({ atimeNs: _, atimeMs: _ms, ...look }) => look)).toEqual(
    before.map(({ atimeNs: _, atimeMs: _ms, ...look }) => look),
  );
  expect(readdirSync(outside)).toEqual(['precious']);
  expect(readlinkSync(join(directory, 'data/again'))).toBe(join(outside, 'precious'));
  expect((await listOf(reader.entries())).find(({ path }) => path === 'data/again')).toMatchObject({
    type: 'symlink',
    linkTarget: join(outside, 'precious'),
  });
  for (const path of ['data/to-precious', 'data/again'])
    await expect(listOf(reader.content(path))).rejects.toMatchObject({ code: 'USAGE' });
});

test.skipIf(isMissing('setfattr'))('attributes of a link are not set on what it leads to', async () => {
  await using scratch = await temporaryDirectory();
  const outside = join(scratch.path, 'outside');
  await makeTree(outside, { precious: 'precious' });
  const link = { name: 'link', type: '2', link: join(outside, 'precious') };
  await using scene = await setScene(hostileTar([{ ...link, pax: { 'SCHILY.xattr.user.planted': 'v' } }]));
  await extractTo(scene.files.archivePath, join(scene.path, 'fresh'));
  const options = { encoding: 'utf8' } as const;
  expect(execFileSync('getfattr', ['-d', join(outside, 'precious')], options)).not.toContain('planted');
});

test('an entry below a link is refused wherever the link leads, and whichever comes first', async () => {
  await using scratch = await temporaryDirectory();
  const outside = join(scratch.path, 'outside');
  mkdirSync(outside);
  const link = { name: 'a/link', type: '2', link: outside };
  const below = { name: 'a/link/planted', content: 'x' };
  for (const members of [
    [link, below],
    [below, link],
  ]) {
    await using scene = await setScene(hostileTar(members));
    await expect(extractTo(scene.files.archivePath, join(scene.path, 'fresh'))).rejects.toMatchObject({
      code: 'ARCHIVE_HOSTILE',
    });
    expect(existsSync(join(outside, 'planted'))).toBe(false);
  }
});
