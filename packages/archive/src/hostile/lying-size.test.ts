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
const MAPS: Record<string, { map: string; real: number; reason: RegExp; data?: number }> = {
  overlaps: { map: '2\n0\n512\n256\n512\n', real: 5000, reason: /sparse map overlaps/ },
  'goes back': { map: '2\n2048\n512\n0\n512\n', real: 5000, reason: /sparse map overlaps/ },
  'leads beyond its file': { map: '1\n4608\n1024\n', real: 5000, reason: /does not fit its size/ },
  'has more data than there is': { map: '1\n0\n4096\n', real: 5000, reason: /does not fit its size/ },
  'has less data than there is': { map: '1\n0\n512\n', real: 5000, reason: /does not fit its size/ },
  'has more parts than any file': { map: '9999999\n0\n512\n', real: 5000, reason: /map is malformed/ },
  'is longer than its content': { map: '900\n'.padEnd(512, '1\n'), real: 5000, reason: /map/, data: 0 },
  'has no numbers': { map: 'x\n', real: 5000, reason: /map is malformed/ },
  'has a negative number': { map: '1\n-512\n1024\n', real: 5000, reason: /map is malformed/ },
};
for (const [what, { map, real, reason, data = 1024 }] of Object.entries(MAPS))
  attack(`a sparse map in the content that ${what}`, {
    members: [
      {
        name: 'GNUSparseFile.0/sparse',
        content: Buffer.concat([Buffer.from(map.padEnd(512, '\0')), Buffer.alloc(data, 'x')]),
        pax: {
          'GNU.sparse.major': '1',
          'GNU.sparse.minor': '0',
          'GNU.sparse.name': 'sparse',
          'GNU.sparse.realsize': `${real}`,
        },
      },
    ],
    entry: '"sparse"',
    reason,
    unspeakable: true,
  });
attack('a sparse map that goes back', {
  members: [{ name: 'sparse', content: 'xy', pax: { 'GNU.sparse.size': '10', 'GNU.sparse.map': '5,1,0,1' } }],
  entry: '"sparse"',
  reason: /sparse map overlaps/,
  unspeakable: true,
});
