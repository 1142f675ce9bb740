import { attack } from './attack.fixture.ts';

attack('a name with a NUL byte, at which some tools stop', {
  members: [{ name: 'innocent', pax: { path: 'safe\0/../../outside/precious' }, content: 'x' }],
  entry: 'safe\\x00/',
  reason: /name contains a NUL byte/,
});
attack('a symlink text with a NUL byte', {
  members: [{ name: 'link', type: '2', pax: { linkpath: 'inside\0/../../outside' } }],
  entry: '"link"',
  reason: /link target contains a NUL byte/,
});
attack('a hard link target with a NUL byte', {
  members: [
    { name: 'file', content: 'x' },
    { name: 'link', type: '1', pax: { linkpath: 'file\0x' } },
  ],
  entry: '"link"',
  reason: /link target contains a NUL byte/,
});
attack('a name of nothing', {
  members: [{ name: '', content: 'x' }],
  entry: '""',
  reason: /name is empty|not canonical/,
});
attack('a file in the place of the root', {
  members: [{ name: '.', content: 'x' }],
  entry: '"."',
  reason: /name is empty|not canonical/,
});
