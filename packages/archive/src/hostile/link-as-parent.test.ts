import { attack } from './attack.fixture.ts';

attack('a file below a symlink', {
  members: [
    { name: 'dir', type: '2', link: '../outside' },
    { name: 'dir/precious', content: 'x' },
  ],
  entry: '"dir/precious"',
  reason: /parent "dir" is a symlink/,
});
attack('a file below a symlink that stays inside', {
  members: [
    { name: 'real', type: '5' },
    { name: 'dir', type: '2', link: 'real' },
    { name: 'dir/file', content: 'x' },
  ],
  entry: '"dir/file"',
  reason: /parent "dir" is a symlink/,
});
attack('a symlink that takes the place of a directory with files', {
  members: [
    { name: 'dir/file', content: 'x' },
    { name: 'dir', type: '2', link: '../outside' },
    { name: 'dir/precious', content: 'x' },
  ],
  entry: '"dir"',
  reason: /it is a symlink but was an implied directory/,
});
attack('a file far below a symlink, spelled in another way', {
  members: [
    { name: 'a/dir', type: '2', link: '../../outside' },
    { name: 'a/./dir//deep/precious', content: 'x' },
  ],
  entry: 'dir',
  reason: /parent "a\/dir" is a symlink|not canonical/,
});
attack('a file below a file', {
  members: [
    { name: 'file', content: 'x' },
    { name: 'file/below', content: 'x' },
  ],
  entry: '"file/below"',
  reason: /parent "file" is a file/,
});
attack('a file below a hard link', {
  members: [
    { name: 'file', content: 'x' },
    { name: 'hard', type: '1', link: 'file' },
    { name: 'hard/below', content: 'x' },
  ],
  entry: '"hard/below"',
  reason: /parent "hard" is a hardlink/,
});
attack('a directory below a symlink, then a file in it', {
  members: [
    { name: 'dir', type: '2', link: '..' },
    { name: 'dir/outside', type: '5' },
    { name: 'dir/outside/precious', content: 'x' },
  ],
  entry: '"dir/outside"',
  reason: /parent "dir" is a symlink/,
});
