/** Every attack is tried from the stream, through an index that tells of it, and through an index that hides it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import { BackupError, type EntryType, type ErrorCode } from '@gofr-backup/model';
import { type HostileEntry, hostileTar, readTree, temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { digestFrame, hashIn } from '../codec/digest.ts';
import { paddedLength } from '../index/file.ts';
import type { PagedEntry } from '../index/page.ts';
import { IndexWriter } from '../index/writer.ts';
import { opened, testPorts } from '../read/reading.fixture.ts';
import type { ExtractOptions } from '../types.ts';

export interface Attack {
  members: HostileEntry[];
  /** of the entry that must be named; display form */
  entry: string;
  reason: RegExp;
  code?: ErrorCode;
  options?: Partial<ExtractOptions>;
  /** an index has no words for it (a device, a malformed number): no index can tell of it */
  unspeakable?: boolean;
}

export function attack(what: string, { unspeakable, ...attempt }: Attack): void {
  const tar = hostileTar(attempt.members);
  test(`${what}: refused from the stream`, async () => {
    await expectRefusal(attempt, tar);
    await expectRefusal(attempt, gzipSync(tar));
  });
  if (!unspeakable)
    test(`${what}: refused when the index tells of it`, async () => {
      await expectRefusal(attempt, tar, attempt.members.map(told));
    });
  test(`${what}: nothing is written when the index hides it`, async () => {
    const hidden = { ...attempt, code: 'ARCHIVE_(DAMAGED|HOSTILE)', entry: '', reason: /./ };
    const told = attempt.members.map(harmless);
    await expectRefusal(hidden, tar, told);
    await expectVerifyFinds(tar, told);
  });
}

interface Expected {
  code?: string;
  entry: string;
  reason: RegExp;
  options?: Partial<ExtractOptions>;
}

/** Extracts; nothing may appear, change or vanish, inside or outside. */
async function expectRefusal(expected: Expected, archive: Buffer, index?: PagedEntry[]): Promise<void> {
  await using scene = await setScene(archive, index);
  const before = await readTree(scene.path, { without: ['mtimeNs'] });
  await using reader = await opened(scene.files);
  expect(reader.indexed).toBe(index !== undefined);
  const refusal = await reader
    .extract({ ...testPorts(), directory: join(scene.path, 'target'), ...expected.options })
    .then(
      () => 'nothing was refused',
      (error: unknown) => error,
    );
  expect(refusal).toBeInstanceOf(BackupError);
  const { code, message, why } = refusal as BackupError;
  expect(code).toMatch(new RegExp(`^${expected.code ?? 'ARCHIVE_HOSTILE'}$`));
  expect(`${message} ${why}`).toContain(expected.entry);
  expect(`${message} ${why}`).toMatch(expected.reason);
  expect(await readTree(scene.path, { without: ['mtimeNs'] })).toEqual(before);
}

async function expectVerifyFinds(archive: Buffer, index: PagedEntry[]): Promise<void> {
  await using scene = await setScene(archive, index);
  await using reader = await opened(scene.files);
  const report = await reader.verify(testPorts());
  expect(report.ok).toBe(false);
  expect(report.problems.length).toBeGreaterThan(0);
}

interface Scene extends AsyncDisposable {
  path: string;
  files: { archivePath: string; indexPath?: string };
}

/** An archive, an empty target, and beside it what an attacker would like to reach. */
export async function setScene(archive: Buffer, entries?: PagedEntry[]): Promise<Scene> {
  const scratch = await temporaryDirectory();
  const { path } = scratch;
  for (const name of ['target', 'outside']) mkdirSync(join(path, name));
  writeFileSync(join(path, 'outside', 'precious'), 'precious');
  const archivePath = join(path, 'archive');
  writeFileSync(archivePath, archive);
  const indexPath = join(path, 'archive.idx');
  if (entries) await writeLyingIndex(indexPath, archive, entries);
  return {
    path,
    files: { archivePath, ...(entries && { indexPath }) },
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

/** An index of a plain tar in one frame and its end; every checksum in it is right. */
async function writeLyingIndex(path: string, archive: Buffer, entries: PagedEntry[]): Promise<void> {
  const file = await open(path, 'wx');
  const writer = new IndexWriter(file);
  const [body, end] = [archive.subarray(0, -1024), archive.subarray(-1024)];
  const spans: { start: number; end: number }[] = [];
  const owners: PagedEntry[] = [];
  let at = 0;
  for (const entry of entries) {
    const start = at + entry.headerLength;
    at = start + paddedLength(entry.size);
    if (entry.type !== 'file' || entry.size === 0) continue;
    spans.push({ start, end: start + entry.size });
    owners.push(entry);
  }
  const { digest, hashes } = digestFrame(body, spans);
  owners.forEach((entry, n) => (entry.hash = hashIn(hashes, n)));
  await writer.add({ kind: 'entries', ...lengths(body), digest, reusable: true }, entries);
  await writer.add(
    { kind: 'end', ...lengths(end), digest: digestFrame(end, []).digest, reusable: false },
    [],
  );
  const archiveSha256 = createHash('sha256').update(archive).digest('hex');
  await writer.finish({
    codec: 'none',
    level: 0,
    archiveSha256,
    archiveSize: archive.length,
    walkStartNs: '0',
  });
  await file.close();
}

function lengths(bytes: Buffer): { length: number; rawLength: number; crc32: number } {
  return { length: bytes.length, rawLength: bytes.length, crc32: crc32(bytes) };
}

const TYPES: Record<string, EntryType> = { '1': 'hardlink', '2': 'symlink', '5': 'directory' };

/** What an index that speaks the truth says of the member. */
function told(member: HostileEntry): PagedEntry {
  const blocks = hostileTar([member], { end: false }).length;
  const content = Buffer.from((member.content ?? '') as string).length;
  const extended = (type: string): string | undefined =>
    member.extended
      ?.find(([flag]) => flag === type)?.[1]
      .toString()
      .replace(/\0$/, '');
  const prefix = member.prefix ? `${member.prefix}/` : '';
  const name =
    member.pax?.['path'] ?? extended('L') ?? prefix + Buffer.from(member.name as string).toString('latin1');
  const link =
    member.pax?.['linkpath'] ??
    extended('K') ??
    Buffer.from((member.link ?? '') as string).toString('latin1');
  const type = TYPES[member.type ?? '0'] ?? 'file';
  return {
    path: Buffer.from(type === 'directory' ? name.replace(/\/$/, '') : name).toString('latin1'),
    type,
    size: member.size ?? content,
    mode: member.mode ?? (type === 'directory' ? 0o755 : 0o644),
    uid: member.uid ?? 0,
    gid: member.gid ?? 0,
    mtimeNs: BigInt(member.mtime ?? 0) * 1_000_000_000n,
    ctimeNs: 0n,
    ino: 0,
    sparse: false,
    sliced: false,
    headerLength: blocks - paddedLength(content),
    ...(type === 'hardlink' || type === 'symlink'
      ? { linkTarget: Buffer.from(link).toString('latin1') }
      : {}),
  };
}

/** What an index says of the member that wants it to be taken for a plain file of its own. */
function harmless(member: HostileEntry, n: number): PagedEntry {
  const { linkTarget: _, ...entry } = told(member);
  const size = Buffer.from((member.content ?? '') as string).length;
  return { ...entry, type: 'file', path: `harmless-${n}`, size };
}
