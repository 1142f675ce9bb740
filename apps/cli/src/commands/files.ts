import { files } from '@gofr-backup/core';
import { type ArchiveEntry, displayPath, formatMinute, jsonText, milliseconds } from '@gofr-backup/model';
import { archivePath } from '../given-arguments.ts';
import type { Session } from '../session.ts';
import { writeOut } from '../stream.ts';

/** One entry of a JSON document. Paths are in display form. */
export interface ListedFile {
  path: string;
  type: ArchiveEntry['type'];
  size: number;
  /** octal */
  mode: string;
  uid: number;
  gid: number;
  /** ISO 8601 UTC */
  mtime: string;
  link_target?: string;
  sha256?: string;
}

export async function run(session: Session, [name = 'latest', path]: string[]): Promise<void> {
  await writeFiles(session, files(session.context('files'), name, path && archivePath(path)), name);
}

export async function writeFiles(
  session: Session,
  entries: AsyncIterable<ArchiveEntry>,
  name: string,
): Promise<void> {
  if (session.json) await writeDocument(entries, name);
  else for await (const entry of entries) await writeOut(`${line(entry, session.settings.timezone)}\n`);
}

/** Written as it is read: an archive may hold a million names. */
async function writeDocument(entries: AsyncIterable<ArchiveEntry>, backup: string): Promise<void> {
  let before = `{\n  "backup": ${jsonText(backup)},\n  "files": [`;
  for await (const entry of entries) {
    await writeOut(`${before}\n    ${jsonText(listed(entry))}`);
    before = ',';
  }
  await writeOut(before === ',' ? '\n  ]\n}\n' : `${before}]\n}\n`);
}

export function listed(entry: ArchiveEntry): ListedFile {
  return {
    path: displayPath(entry.path),
    type: entry.type,
    size: entry.size,
    mode: entry.mode.toString(8).padStart(4, '0'),
    uid: entry.uid,
    gid: entry.gid,
    mtime: new Date(milliseconds(entry.mtimeNs)).toISOString(),
    ...(entry.linkTarget === undefined ? {} : { link_target: displayPath(entry.linkTarget) }),
    ...(entry.hash === undefined ? {} : { sha256: entry.hash.toString('hex') }),
  };
}

const TYPE = { file: '-', directory: 'd', symlink: 'l', hardlink: 'h' } as const;
const RIGHTS = ['---', '--x', '-w-', '-wx', 'r--', 'r-x', 'rw-', 'rwx'];

/** As `tar -tv` has it. */
function line(entry: ArchiveEntry, timezone: string): string {
  const rights = [6, 3, 0].map((shift) => RIGHTS[(entry.mode >> shift) & 7]).join('');
  const owner = `${entry.uid}/${entry.gid}`;
  const time = formatMinute(milliseconds(entry.mtimeNs), timezone);
  const target = entry.linkTarget === undefined ? '' : ` -> ${displayPath(entry.linkTarget)}`;
  const path = `${displayPath(entry.path)}${entry.type === 'directory' ? '/' : ''}`;
  return `${TYPE[entry.type]}${rights} ${owner} ${String(entry.size).padStart(10)} ${time} ${path}${target}`;
}
