import { attack } from './attack.fixture.ts';

attack('a path a million directories deep', {
  members: [{ name: 'deep', magic: 'gnu', extended: [['L', `${'d/'.repeat(1_000_000)}\0`]] }],
  entry: 'LongLink',
  reason: /extended header is 2000001 bytes long/,
  unspeakable: true,
});
attack('a path a million directories deep, in a pax header', {
  members: [{ name: 'deep', pax: { path: 'd/'.repeat(1_000_000) } }],
  entry: 'PaxHeaders',
  reason: /extended header is \d+ bytes long/,
  unspeakable: true,
});
attack('a path deeper than any tree', {
  members: [{ name: 'deep', pax: { path: `${'d/'.repeat(33_000)}file` } }],
  entry: '"d/d/d/',
  unspeakable: true,
  reason: /name is 66004 bytes long/,
});
attack('a name longer than any file system takes', {
  members: [{ name: 'long', pax: { path: `a/${'n'.repeat(256)}/b` } }],
  entry: '"a/nnn',
  reason: /a part of its name is longer than 255 bytes/,
});
attack('a link target longer than any file system takes', {
  members: [{ name: 'link', type: '2', pax: { linkpath: 't'.repeat(4096) } }],
  entry: '"link"',
  reason: /link target is 4096 bytes long/,
});
