import { mkdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { hostileTar } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { opened, testPorts } from '../reading.fixture.ts';
import { attack, setScene } from './attack.fixture.ts';

const outside = { reason: /link leads outside/ };

attack('an absolute symlink', {
  members: [{ name: 'link', type: '2', link: '/etc/passwd' }],
  entry: '"link"',
  ...outside,
});
attack('a symlink that climbs', {
  members: [{ name: 'a/link', type: '2', link: '../../outside' }],
  entry: '"a/link"',
  ...outside,
});
attack('a GNU long link', {
  members: [{ name: 'link', type: '2', magic: 'gnu', extended: [['K', `${'./'.repeat(80)}../outside\0`]] }],
  entry: '"link"',
  ...outside,
});
attack('a pax link path', {
  members: [{ name: 'link', type: '2', link: 'innocent', pax: { linkpath: '/etc' } }],
  entry: '"link"',
  ...outside,
});
attack('a symlink that climbs out of another one', {
  members: [
    { name: 'a/b/c', type: '5' },
    { name: 'd/e/up', type: '2', link: '../../a' },
    { name: 'd/e/out', type: '2', link: 'up/../../outside' },
  ],
  entry: '"d/e/out"',
  ...outside,
});
attack('a symlink that leads out by one named later', {
  members: [
    { name: 'x/one', type: '2', link: 'two/../..' },
    { name: 'x/two', type: '2', link: '..' },
  ],
  entry: '"x/one"',
  ...outside,
});
attack('a symlink into another root than those allowed', {
  members: [{ name: 'link', type: '2', link: '/data/../etc/passwd' }],
  options: { allowedRoots: ['/data', '/logs'] },
  entry: '"link"',
  ...outside,
});
attack('a root that is only a beginning of the name', {
  members: [{ name: 'link', type: '2', link: '/database/x' }],
  options: { allowedRoots: ['/data'] },
  entry: '"link"',
  ...outside,
});

test('symlinks that stay inside, dangle, go round or lead into allowed roots are restored as they are', async () => {
  const links = {
    'a/relative': '../b/file',
    'a/dangling': 'nowhere/at/all',
    'a/round': 'round',
    'a/absolute': '/data/storage/x',
    'a/root': '..',
    'a/through': 'absolute/y',
  };
  const members = Object.entries(links).map(([name, link]) => ({ name, type: '2', link }));
  await using scene = await setScene(hostileTar(members));
  await using reader = await opened(scene.files);
  const directory = join(scene.path, 'fresh');
  mkdirSync(directory);
  await reader.extract({ ...testPorts(), directory, allowedRoots: ['/data/'] });
  for (const [name, link] of Object.entries(links)) expect(readlinkSync(join(directory, name))).toBe(link);
});
