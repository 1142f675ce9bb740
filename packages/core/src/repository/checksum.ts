/** The `.sha256` sidecar, in the form `sha256sum -c` reads in the archive's own directory. */
import { readSmallFile } from './small-file.ts';

export const formatChecksum = (sha256: string, filename: string): string => `${sha256}  ${filename}\n`;

export type Checksum = { kind: 'hash'; sha256: string } | { kind: 'missing' } | { kind: 'unreadable' };

/** unreadable: the sidecar exists, but is not one line with a hash for this very file. */
export async function readChecksum(path: string, filename: string): Promise<Checksum> {
  const content = await readSmallFile(path);
  if (content === undefined) return { kind: 'missing' };
  const [, hash, name] = /^([0-9a-fA-F]{64}) [ *](.+?)\r?\n?$/.exec(content) ?? [];
  const ours = name === filename || name?.endsWith(`/${filename}`);
  return hash !== undefined && ours ? { kind: 'hash', sha256: hash.toLowerCase() } : { kind: 'unreadable' };
}
