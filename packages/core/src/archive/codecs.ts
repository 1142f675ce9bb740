/**
 * The five compressions, a frame at a time. A frame is one gzip member, zstd frame, bzip2 stream or xz stream (or several
 * of them in a row), so that frames laid end to end are one valid file for every public tool.
 */
import { spawnSync } from 'node:child_process';
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Compression } from '../catalogue.ts';
import { BackupError } from '../errors.ts';
import type { Codec } from './types.ts';

export const EXTENSIONS: Record<Compression, string> = {
  gzip: '.tar.gz',
  bzip2: '.tar.bz2',
  xz: '.tar.xz',
  zstd: '.tar.zst',
  none: '.tar',
};

/** Compresses the raw bytes of one frame; the result owns its memory (it may be transferred to another thread). */
export function compressFrame(codec: Codec, raw: Uint8Array): Buffer {
  switch (codec.name) {
    case 'gzip':
      return gzipSync(raw, { level: codec.level });
    case 'zstd':
      return zstdCompressSync(raw, {
        params: { [constants.ZSTD_c_compressionLevel]: codec.level, [constants.ZSTD_c_checksumFlag]: 1 },
      });
    case 'bzip2':
      return runFilter('bzip2', [`-${codec.level}`, '-c'], raw, raw.length + (1 << 20));
    case 'xz':
      return runFilter('xz', [`-${codec.level}`, '-T1', '-c'], raw, raw.length + (1 << 20));
    case 'none':
      return Buffer.from(raw);
  }
}

/**
 * The raw bytes of one frame. Never more than `rawLength` bytes are made, whatever the frame holds.
 * Throws ARCHIVE_DAMAGED when the frame does not decode to exactly `rawLength` bytes.
 */
export function decompressFrame(name: Compression, frame: Uint8Array, rawLength: number): Buffer {
  const raw = decode(name, frame, rawLength);
  if (raw.length !== rawLength) throw damaged(`a frame holds ${raw.length} bytes where ${rawLength} belong`);
  return raw;
}

function decode(name: Compression, frame: Uint8Array, rawLength: number): Buffer {
  const limit = { maxOutputLength: Math.max(rawLength, 1) };
  try {
    switch (name) {
      case 'gzip':
        return gunzipSync(frame, limit);
      case 'zstd':
        return zstdDecompressSync(frame, limit);
      case 'bzip2':
        return runFilter('bzip2', ['-dc'], frame, rawLength);
      case 'xz':
        return runFilter('xz', ['-dc', '-T1'], frame, rawLength);
      case 'none':
        return Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
    }
  } catch (cause) {
    if (cause instanceof BackupError) throw cause;
    throw damaged(cause instanceof Error ? cause.message : String(cause));
  }
}

function runFilter(command: string, args: string[], input: Uint8Array, maxBuffer: number): Buffer {
  const run = spawnSync(command, args, { input, maxBuffer: Math.max(maxBuffer, 1) });
  if (run.error !== undefined && 'code' in run.error && run.error.code === 'ENOENT')
    throw new BackupError('FAILED', `the program ${command} is missing`, {
      why: `${command} compresses and decompresses .tar.${command === 'xz' ? 'xz' : 'bz2'} archives`,
      hint: `Install it (apt install ${command === 'xz' ? 'xz-utils' : 'bzip2'}), or choose gzip or zstd.`,
    });
  if (run.error !== undefined) throw run.error;
  if (run.status !== 0)
    throw new Error(`${command}: ${run.stderr.toString().trim() || `exit ${run.status ?? run.signal}`}`);
  return run.stdout;
}

function damaged(why: string): BackupError {
  return new BackupError('ARCHIVE_DAMAGED', 'A part of the archive cannot be decompressed', { why });
}
