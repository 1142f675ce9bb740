import type { Compression } from './catalogue.ts';

/** One source of files and where it lies in the archive. */
export interface Component {
  /** e.g. `storage`; reported, and selectable in a restore */
  name: string;
  /** absolute directory (or file) on disk, in ordinary string form */
  root: string;
  /** where its content lies in the archive, e.g. `data/storage`; UTF-8 string form */
  archivePath: string;
  /** which of its files: all, only metadata.json and *.metadata.json, or all but those */
  select: 'all' | 'metadata-only' | 'without-metadata';
}

/** Who compresses and decompresses gzip frames: the module of our own (own), or Node's zlib. Either reads what the other wrote. */
export const ENGINE_CODECS = ['own', 'zlib'] as const;
export type EngineCodec = (typeof ENGINE_CODECS)[number];

export interface Codec {
  name: Compression;
  level: number;
  /** default: own */
  engine?: EngineCodec | undefined;
}
