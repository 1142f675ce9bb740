/** Helpers for the tests of the writer. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Compression,
  type EngineCodec,
  noProgress,
  type Ports,
  silentLogger,
  systemClock,
} from '@gofr-backup/model';
import { createArchive } from './create.ts';
import type { CreateArchiveOptions, CreateArchiveResult } from '../types.ts';

export const LEVELS: Record<Compression, number> = { gzip: 6, zstd: 3, bzip2: 1, xz: 0, none: 1 };

/** A clock hours ahead, so that no file made before a walk is racy. */
export const HOURS_LATER = { ...systemClock, now: () => systemClock.now() + 6 * 3_600_000 };

export function writerPorts(): Ports {
  return {
    clock: systemClock,
    logger: silentLogger,
    progress: noProgress,
    signal: new AbortController().signal,
  };
}

/** Archives `root` as `data/storage` to `<out>`, with its index beside it. */
export function archive(
  root: string,
  out: string,
  {
    codec = 'gzip',
    engine,
    ...options
  }: Partial<Omit<CreateArchiveOptions, 'codec'>> & { codec?: Compression; engine?: EngineCodec } = {},
): Promise<CreateArchiveResult> {
  return createArchive({
    ...writerPorts(),
    components: [{ name: 'storage', root, archivePath: 'storage', select: 'all' }],
    exclude: [],
    codec: { name: codec, level: LEVELS[codec], engine },
    archivePath: out,
    indexPath: `${out}.idx`,
    threads: 1,
    linkUnchanged: false,
    ...options,
  });
}

const DECODERS: Record<Compression, string[]> = {
  gzip: ['gzip', '-dc'],
  zstd: ['zstd', '-dcq'],
  bzip2: ['bzip2', '-dc'],
  xz: ['xz', '-dc'],
  none: ['cat'],
};

/** The tar stream, as the public program for this compression decodes it. */
export function tarStream(archivePath: string, codec: Compression): Buffer {
  const [command, ...args] = DECODERS[codec] as [string, ...string[]];
  return execFileSync(command, args, { input: readFileSync(archivePath), maxBuffer: 1 << 28 });
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function previousOf(archivePath: string, sum?: string): NonNullable<CreateArchiveOptions['previous']> {
  return { archivePath, indexPath: `${archivePath}.idx`, ...(sum === undefined ? {} : { sha256: sum }) };
}

export const inside = (directory: string) => (name: string) => join(directory, name);
