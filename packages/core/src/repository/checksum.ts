/** The `.sha256` sidecar, in the form `sha256sum -c` reads in the archive's own directory. */
import { NotRegular } from '@gofr-backup/posix';
import { readSmallText } from './small-file.ts';

export const formatChecksum = (sha256: string, filename: string): string => `${sha256}  ${filename}\n`;

export type Checksum =
  { kind: 'hash'; sha256: string } | { kind: 'missing' } | { kind: 'unreadable'; why: string };

/** As sha256sum writes it; as BSD, `sha256sum --tag` and OpenSSL do; the hash by itself, which only the file's name tells of. */
const FORMS = [
  /^(?<hash>[0-9a-f]{64}) [ *](?<name>.+)$/i,
  /^SHA(?:2-)?256 ?\((?<name>.+)\) ?= (?<hash>[0-9a-f]{64})$/i,
  /^(?<hash>[0-9a-f]{64})$/i,
];

/**
 * unreadable: it says something, but not one hash of this very file. An empty one says nothing: it is as good as missing. Of
 * several lines, as `sha256sum *` writes them, the one of this file counts.
 */
export async function readChecksum(path: string, filename: string): Promise<Checksum> {
  const content = await readSmallText(path).catch((error: unknown) => {
    if (error instanceof NotRegular) return error;
    throw error;
  });
  if (content instanceof NotRegular) return { kind: 'unreadable', why: content.message };
  const lines = (content ?? '').split('\n').map((line) => line.replace(/\s+$/, ''));
  const told = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (told.length === 0) return { kind: 'missing' };
  const hashes = new Set(told.flatMap((line) => hashOf(line, filename, told.length === 1) ?? []));
  const [sha256] = hashes;
  return sha256 !== undefined && hashes.size === 1 ? { kind: 'hash', sha256 } : unreadable(filename);
}

function hashOf(line: string, filename: string, isOnly: boolean): string | undefined {
  const { hash, name } = FORMS.map((form) => form.exec(line)).find((found) => found !== null)?.groups ?? {};
  const isOurs = name === undefined ? isOnly : name === filename || name.endsWith(`/${filename}`);
  return isOurs ? hash?.toLowerCase() : undefined;
}

const unreadable = (filename: string): Checksum => ({
  kind: 'unreadable',
  why:
    'its .sha256 file holds no checksum of this archive; when you know the archive to be right, remove that file or ' +
    `write it anew: \`sha256sum ${filename} > ${filename}.sha256\` in its directory`,
});
