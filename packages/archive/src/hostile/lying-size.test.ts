import { attack } from './attack.fixture.ts';

attack('a directory with content', {
  members: [{ name: 'dir', type: '5', content: 'hidden' }],
  entry: '"dir"',
  reason: /is a directory but declares 6 bytes of content/,
});
attack('a symlink with content, in which some tools would find another entry', {
  members: [{ name: 'link', type: '2', link: 'x', content: Buffer.alloc(512, 'y') }],
  entry: '"link"',
  reason: /is a symlink but declares 512 bytes of content/,
});
attack('a hard link with content', {
  members: [
    { name: 'file', content: 'x' },
    { name: 'link', type: '1', link: 'file', content: 'y' },
  ],
  entry: '"link"',
  reason: /is a hardlink but declares 1 bytes of content/,
});
attack('a size that swallows the entries after it and more', {
  members: [
    { name: 'greedy', size: 100_000, content: 'x' },
    { name: 'victim', content: 'y' },
  ],
  entry: '"greedy"',
  reason: /declares more bytes than the whole archive can hold|truncated/,
  code: 'ARCHIVE_(HOSTILE|DAMAGED)' as never,
  unspeakable: true,
});
attack('a pax size that hides the entry after it', {
  members: [
    { name: 'first', content: Buffer.alloc(512), pax: { size: '0' } },
    { name: 'second', content: 'x' },
  ],
  entry: '',
  reason: /end|checksum/,
  code: 'ARCHIVE_DAMAGED',
  unspeakable: true,
});
attack('a pax size that is negative', {
  members: [{ name: 'first', content: 'x', pax: { size: '-1' } }],
  entry: '"first"',
  reason: /pax size is negative/,
  unspeakable: true,
});
attack('a sparse map larger than the file', {
  members: [
    {
      name: 'sparse',
      content: 'x',
      pax: { 'GNU.sparse.size': '10', 'GNU.sparse.map': '9223372036,1', 'GNU.sparse.major': '0' },
    },
  ],
  entry: '"sparse"',
  reason: /sparse map does not fit its size/,
  unspeakable: true,
});
attack('a sparse map that goes back', {
  members: [{ name: 'sparse', content: 'xy', pax: { 'GNU.sparse.size': '10', 'GNU.sparse.map': '5,1,0,1' } }],
  entry: '"sparse"',
  reason: /sparse map overlaps/,
  unspeakable: true,
});
