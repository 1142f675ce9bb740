import { attack } from './attack.fixture.ts';

attack('a hard link to an absolute name', {
  members: [{ name: 'link', type: '1', link: '/etc/passwd' }],
  entry: '"link"',
  reason: /link target is absolute/,
});
attack('a hard link through a symlink', {
  members: [
    { name: 'dir', type: '2', link: '../outside' },
    { name: 'link', type: '1', link: 'dir/precious' },
  ],
  entry: '"link"',
  reason: /link target "dir\/precious" is not in the archive before it/,
});
attack('a hard link to nothing', {
  members: [{ name: 'link', type: '1', link: 'missing' }],
  entry: '"link"',
  reason: /link target "missing" is not in the archive before it/,
});
attack('a hard link to a file that comes later', {
  members: [
    { name: 'link', type: '1', link: 'later' },
    { name: 'later', content: 'x' },
  ],
  entry: '"link"',
  reason: /not in the archive before it/,
});
attack('a hard link to a directory', {
  members: [
    { name: 'dir', type: '5' },
    { name: 'link', type: '1', link: 'dir' },
  ],
  entry: '"link"',
  reason: /link target is a directory/,
});
attack('a hard link to itself', {
  members: [
    { name: 'link', content: 'x' },
    { name: 'link', type: '1', link: 'link' },
  ],
  entry: '"link"',
  reason: /hard link to itself/,
});
attack('a link without a target', {
  members: [{ name: 'link', type: '2' }],
  entry: '"link"',
  reason: /link target is empty/,
});
