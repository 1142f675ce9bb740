/** The entries of an archive without an index, each file with the SHA-256 of its content: all of it is decoded. */
import { createHash, type Hash } from 'node:crypto';
import type { ArchiveEntry } from '@gofr-backup/model';
import { openRegular } from '@gofr-backup/posix';
import { SafetyCheck } from '../extract/safety.ts';
import type { KnownEntry } from './backup-index.ts';
import { detectCompression } from './stream-decoder.ts';
import { zeros } from './sequential-source.ts';
import { StreamSource } from './stream-source.ts';

/** Throws ARCHIVE_DAMAGED where the archive is damaged, ARCHIVE_HOSTILE for a name that no archive may have. */
export async function* hashedEntries(archivePath: string, signal: AbortSignal): AsyncGenerator<KnownEntry> {
  await using archive = await openRegular(archivePath);
  const { size } = await archive.stat();
  const source = new StreamSource(archive, await detectCompression(archive), size);
  const sink = new HashingSink();
  for await (const _ of source.read(sink, { signal })) yield* sink.done.splice(0);
  sink.finish();
  yield* sink.done;
}

class HashingSink {
  readonly done: KnownEntry[] = [];
  readonly #check = new SafetyCheck();
  #open: { entry: ArchiveEntry; hash: Hash; at: number } | undefined;

  entry(entry: ArchiveEntry): void {
    this.finish();
    this.#open = { entry: this.#check.admit(entry), hash: createHash('sha256'), at: 0 };
  }

  data(bytes: Buffer, offset: number): void {
    this.#fill(offset);
    this.#open!.hash.update(bytes);
    this.#open!.at = offset + bytes.length;
  }

  finish(): void {
    if (!this.#open) return;
    const { entry, hash } = this.#open;
    this.#fill(entry.size);
    this.done.push(entry.type === 'file' ? { ...entry, content: hash.digest('hex') } : entry);
    this.#open = undefined;
  }

  /** A hole. */
  #fill(to: number): void {
    const open = this.#open!;
    for (const piece of zeros(to - open.at)) open.hash.update(piece);
    open.at = to;
  }
}
