/** The `.sha256` sidecar, in the form `sha256sum -c` reads in the archive's own directory. */
import { NotRegular } from '@gofr-backup/posix';
import { readSmallText } from './small-file.ts';

export const formatChecksum = (sha256: string, filename: string): string => `${sha256}  ${filename}\n`;

export type Checksum =
  { kind: 'hash'; sha256: string } | { kind: 'missing' } | { kind: 'unreadable'; why: string };

/** unreadable: the sidecar exists, but is not one line with a hash for this very file. */
export async function readChecksum(path: string, filename: string): Promise<Checksum> {
  const content = await readSmallText(path).catch((error: unknown) => {
    if (error instanceof NotRegular) return error;
    throw error;
  });
  if (content === undefined) return { kind: 'missing' };
  if (content instanceof NotRegular) return { kind: 'unreadable', why: content.message };
  const [, hash, name] = /^([0-9a-fA-F]{64}) [ *](.+?)\r?\n?$/.exec(content) ?? [];
  const ours = name === filename || name?.endsWith(`/${filename}`);
  return hash !== undefined && ours
    ? { kind: 'hash', sha256: hash.toLowerCase() }
    : { kind: 'unreadable', why: 'its .sha256 file holds no checksum of this archive' };
}
