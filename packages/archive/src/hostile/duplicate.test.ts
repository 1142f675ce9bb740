import { hostileTar, readTree } from '@gofr-backup/testing';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { collect, opened, testPorts } from '../read/reading.fixture.ts';
import { attack, setScene } from './attack.fixture.ts';

const twice = (first: object, second: object) => [
  { name: 'twice', ...first },
  { name: 'twice', ...second },
];

attack('a directory that becomes a symlink', {
  members: twice({ type: '5' }, { type: '2', link: '../outside' }),
  entry: '"twice"',
  reason: /it is a symlink but was a directory before/,
});
attack('a symlink that becomes a directory', {
  members: twice({ type: '2', link: '.' }, { type: '5' }),
  entry: '"twice"',
  reason: /it is a directory but was a symlink before/,
});
attack('a file that becomes a directory', {
  members: twice({ content: 'x' }, { type: '5' }),
  entry: '"twice"',
  reason: /it is a directory but was a file before/,
});
attack('the same name spelled in two ways', {
  members: [
    { name: 'a/b', type: '2', link: 'x' },
    { name: './a//b/c', content: 'x' },
  ],
  entry: 'c"',
  reason: /its parent .* is a symlink|not canonical/,
});

test('of two files of one name the last wins, as with tar; directories may be named again', async () => {
  const members = [
    { name: 'dir', type: '5', mode: 0o700 },
    { name: 'dir/file', content: 'first' },
    { name: 'dir', type: '5', mode: 0o750 },
    { name: 'dir/file', content: 'second' },
  ];
  await using scene = await setScene(hostileTar(members));
  await using reader = await opened(scene.files);
  const directory = join(scene.path, 'target');
  expect((await collect(reader.content('dir/file'))).toString()).toBe('second');
  await reader.extract({ ...testPorts(), directory });
  const tree = await readTree(directory);
  expect(tree['dir/file']!.content).toBe('second');
  expect(tree['dir']!.mode).toBe(0o750);
});

test('a link that a file takes the place of leads nothing outside, in either order', async () => {
  const members = [
    { name: 'link', type: '2', link: '../outside/precious' },
    { name: 'hard', type: '1', link: 'link' },
    { name: 'hard', content: 'inside' },
    { name: 'link', content: 'inside' },
    { name: 'file', content: 'inside' },
    { name: 'file', type: '2', link: '../outside/precious' },
  ];
  await using scene = await setScene(hostileTar(members));
  await using reader = await opened(scene.files);
  const directory = join(scene.path, 'target');
  await reader.extract({ ...testPorts(), directory });
  const tree = await readTree(directory);
  expect([tree['link']!.content, tree['hard']!.content]).toEqual(['inside', 'inside']);
  expect(tree['file']).toMatchObject({ type: 'symlink', target: '../outside/precious' });
  const outside = await readTree(join(scene.path, 'outside'));
  expect(Object.values(outside).map(({ content }) => content)).not.toContain('inside');
});
