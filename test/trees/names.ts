/** Names, link texts, times and owners as file systems hold them, from the plain to the absurd. */
import type { Draw } from '../draw.ts';

/** Those that EXCLUDES and metadata speak of. */
const ORDINARY = [
  ...['a.txt', 'b.bin', 'keep.tmp', 'c.tmp', 'cache', 'old', 'deep', 'data'],
  ...['metadata.json', 'd.metadata.json'],
];
/** As a restore's own would be called. */
export const WORK_DIRECTORY = '.gofr-restore-0123456789abcdef';
const NASTY = [
  ...[
    '-x',
    '--help',
    ' lead',
    'trail ',
    'trail.',
    '...',
    '..a',
    '.',
    '~',
    '*',
    '?',
    '[c]ache',
    '{a,b}',
    '!bang',
    '#hash',
  ],
  ...[
    'new\nline',
    '\r',
    '\t',
    '\x1b[31mred',
    '\x7f',
    '\x01',
    'lat\xe9in',
    '\xc3\xa9',
    'e\xcc\x81',
    '\xff',
    '\xc3\x28',
  ],
  ...[
    'back\\slash',
    '\\',
    '\\x41',
    '\\n',
    '%s',
    '$(id)',
    '`id`',
    '"',
    "'",
    ';',
    'a,b',
    'a:b',
    'CON',
    'A.TXT',
  ],
  ...[
    '@LongLink',
    '@PaxHeader',
    'PaxHeaders',
    'PaxHeaders.0',
    'pax_global_header',
    'GNUSparseFile.0',
    '.wh.a',
    'ustar',
  ],
  ...[
    '.gofr-backup',
    '.gofr-restore-x',
    'daily',
    'manifest.json',
    'lock',
    '.tmp-0123456789ab-a',
    WORK_DIRECTORY,
  ],
  ...[
    'n'.repeat(100),
    'm'.repeat(155),
    'l'.repeat(255),
    '\xff'.repeat(255),
    '\xc3\xa9'.repeat(127),
    'k'.repeat(99),
  ],
].filter((name) => name !== '.');

export function drawName(draw: Draw): string {
  if (draw.maybe(0.4)) return draw.pick(ORDINARY);
  if (draw.maybe(0.5)) return draw.pick(NASTY);
  if (draw.maybe(0.6)) return `f${draw.below(1000)}`;
  const bytes = Array.from({ length: 1 + draw.below(40) }, () => String.fromCharCode(1 + draw.below(255)));
  const name = bytes.join('').replaceAll('/', '_');
  return name === '.' || name === '..' ? '_' : name;
}

export function drawTarget(draw: Draw, names: readonly string[]): string {
  return draw.pick([
    ...[
      '/dev/stdout',
      '/etc/passwd',
      'nowhere',
      '.',
      '..',
      '/',
      './/a',
      'a/',
      '\xff',
      'new\nline',
      ' ',
      '../../../../../up',
    ],
    't'.repeat(100 + draw.below(3)),
    `${'long/'.repeat(818)}${'e'.repeat(draw.below(6))}`.slice(0, 4095),
    draw.pick(names),
    drawName(draw),
  ]);
}

const SECOND = 1_000_000_000n;
/** Seconds: before 1901, about 1970, today, after 2038, 2106, 2262 and 2446. */
const SECONDS = [
  -9_000_000_000, -2_147_483_649, -1, 0, 1, 1_600_000_000, 1_700_000_000, 4_102_444_800, 4_294_967_297,
  9_500_000_000, 20_000_000_000,
];
const NANOSECONDS = [0, 1, 999_999_999, 500_000_000, 123_456_789];

export function drawTime(draw: Draw): string {
  const seconds = draw.maybe(0.5) ? 1_500_000_000 + draw.below(300_000_000) : draw.pick(SECONDS);
  const rest = draw.maybe(0.5) ? draw.below(1_000_000_000) : draw.pick(NANOSECONDS);
  return String(BigInt(seconds) * SECOND + BigInt(rest));
}

export const OWNERS = [0, 1000, 65_534, 2_097_151, 2_097_152, 2 ** 31, 2 ** 32 - 2];
