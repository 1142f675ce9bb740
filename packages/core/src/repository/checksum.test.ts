import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMissing, temporaryDirectory } from '@gofr-backup/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatChecksum, readChecksum } from './checksum.ts';

const NAME = 'gofr-plot_daily_20251213_020000.tar.gz';
const HASH = createHash('sha256').update('archive').digest('hex');
const OTHER = createHash('sha256').update('other').digest('hex');
let place: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  place = await temporaryDirectory();
  writeFileSync(join(place.path, NAME), 'archive');
  writeFileSync(join(place.path, 'other'), 'other');
});
afterEach(() => place[Symbol.asyncDispose]());

async function read(text: string) {
  const path = join(place.path, `${NAME}.sha256`);
  writeFileSync(path, text);
  return readChecksum(path, NAME);
}

const TOOLS: [string, string[]][] = [
  ['sha256sum', [NAME]],
  ['sha256sum', ['--binary', NAME]],
  ['sha256sum', ['--tag', NAME]],
  ['sha256sum', ['other', NAME]],
  ['openssl', ['dgst', '-sha256', NAME]],
  ['busybox', ['sha256sum', NAME]],
];
test.each(TOOLS.filter(([tool]) => !isMissing(tool)))('what %s %j writes is read', async (tool, args) => {
  const text = execFileSync(tool, args, { cwd: place.path, encoding: 'utf8' });
  expect(await read(text)).toEqual({ kind: 'hash', sha256: HASH });
});

test.each([
  ['ours', formatChecksum(HASH, NAME)],
  ['BSD', `SHA256 (${NAME}) = ${HASH}\n`],
  ['BSD with a path', `SHA256 (/backups/daily/${NAME}) = ${HASH}`],
  ['a bare hash', `${HASH}\n`],
  ['a bare hash in capitals, of Windows', `${HASH.toUpperCase()}\r\n`],
  ['with a remark', `# made by hand\n${HASH}  ./${NAME}\n\n`],
])('%s is read', async (_, text) => {
  expect(await read(text)).toEqual({ kind: 'hash', sha256: HASH });
});

test.each(['', '\n', '  \r\n\n', '# nothing\n'])(
  'what says nothing is as good as missing: %j',
  async (text) => {
    expect(await read(text)).toEqual({ kind: 'missing' });
  },
);

describe('what is not plain is refused, with what to do', () => {
  test.each([
    ['of another file', `${HASH}  other\n`],
    ['of another file, by BSD', `SHA256 (other) = ${HASH}`],
    ['two bare hashes', `${HASH}\n${OTHER}\n`],
    ['two hashes of one file', `${HASH}  ${NAME}\n${OTHER}  ${NAME}\n`],
    ['another algorithm', `MD5 (${NAME}) = ${HASH.slice(32)}`],
    ['half a hash', HASH.slice(1)],
    ['noise', '\0\0\0\0'],
  ])('%s', async (_, text) => {
    expect(await read(text)).toEqual({
      kind: 'unreadable',
      why: expect.stringContaining('sha256sum') as string,
    });
  });
});
