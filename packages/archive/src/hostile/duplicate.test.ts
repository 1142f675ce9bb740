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
attack('a symlink that becomes a file', {
  members: twice({ type: '2', link: '../outside/precious' }, { content: 'x' }),
  entry: '"twice"',
  reason: /it is a file but was a symlink before/,
});
attack('a file that becomes a symlink', {
  members: twice({ content: 'x' }, { type: '2', link: 'elsewhere' }),
  entry: '"twice"',
  reason: /it is a symlink but was a file before/,
});
attack('a file that becomes a directory', {
  members: twice({ content: 'x' }, { type: '5' }),
  entry: '"twice"',
  reason: /it is a directory but was a file before/,
});
attack('a symlink that changes where it leads', {
  members: twice({ type: '2', link: 'here' }, { type: '2', link: 'there' }),
  entry: '"twice"',
  reason: /appears twice, as different symlinks/,
});
attack('a file that is replaced after others were linked to it', {
  members: [
    { name: 'file', content: 'one' },
    { name: 'link', type: '1', link: 'file' },
    { name: 'file', content: 'two' },
  ],
  entry: '"file"',
  reason: /replaces a file that hard links lead to/,
});
attack('the same name spelled in two ways', {
  members: [
    { name: 'a/b', type: '2', link: 'x' },
    { name: './a//b', content: 'x' },
  ],
  entry: 'b"',
  reason: /it is a file but was a symlink before|not canonical/,
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
