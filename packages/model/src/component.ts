import type { Compression } from './terms.ts';

/** Of a component's files: all, only metadata.json and *.metadata.json, or all but those. */
export type Selection = 'all' | 'metadata-only' | 'without-metadata';

/** One source of files and where it lies in the archive. */
export interface Component {
  /** e.g. `storage`; reported, and selectable in a restore */
  name: string;
  /** absolute directory (or file) on disk, in ordinary string form */
  root: string;
  /** where its content lies in the archive, e.g. `data/storage`; UTF-8 string form */
  archivePath: string;
  select: Selection;
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

/** What SQLite keeps beside a database, and is a part of it. */
const BESIDE = /-(wal|journal|shm)$/;

/** By the last part of its path. */
export function isMetadata(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(BESIDE, '');
  return name === 'metadata.json' || name.endsWith('.metadata.json');
}

/** Whether a component takes this file. */
export const isSelected = (select: Selection, path: string): boolean =>
  select === 'all' || isMetadata(path) === (select === 'metadata-only');
