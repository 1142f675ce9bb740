/** Reads what is sealed in packs: all of a pack, or a part of it by a ranged read. */
import { createHash, type KeyObject } from 'node:crypto';
import { BackupError } from '@gofr-backup/model';
import { NoSuchObject } from '@gofr-backup/store';
import { PACK_BYTES, packObject } from '../layout.ts';
import type { Objects } from '../objects.ts';
import type { Pack } from '../recipe/recipe.ts';
import { headerLength, MOST_HEADER_BYTES, openHeader } from '../sealing/age-header.ts';
import {
  CHUNK,
  chunksOf,
  NONCE,
  openChunk,
  openChunks,
  payloadKey,
  SEALED_CHUNK,
} from '../sealing/age-payload.ts';
import { chunksAround, type Encryption } from '../sealing/sealing.ts';

/** Most headers are shorter: one request reads them. */
const HEADER_BYTES = 1024;

/** So many bytes of content are told at once. */
const PIECE = 16 * CHUNK;

/** A part of what is sealed in a pack. */
export interface ContentPiece {
  offset: number;
  bytes: Buffer;
}

interface OpenedPack {
  key: KeyObject;
  /** where its first chunk begins in the object */
  payload: number;
}

export class PackReader {
  readonly #objects: Objects;
  readonly #kind: Pick<Encryption, 'kind'>;
  readonly #identities: readonly string[];
  readonly #signal: AbortSignal;
  readonly #opened = new Map<string, Promise<OpenedPack>>();

  constructor(
    objects: Objects,
    how: { encryption: Pick<Encryption, 'kind'>; identities: readonly string[]; signal: AbortSignal },
  ) {
    this.#objects = objects;
    this.#kind = how.encryption;
    this.#identities = how.identities;
    this.#signal = how.signal;
  }

  /** The same, ended by this signal as well. */
  endedBy(signal: AbortSignal): PackReader {
    const [encryption, identities] = [this.#kind, this.#identities];
    const both = AbortSignal.any([this.#signal, signal]);
    return new PackReader(this.#objects, { encryption, identities, signal: both });
  }

  /** All of it, in order; the bytes of a piece are others when the next one is asked for. Nothing but the seals of age proves it, and that only in part: who uses it proves what it made of it. */
  content(pack: Pack): AsyncGenerator<ContentPiece> {
    const pieces = this.#stream(pack);
    return this.#kind.kind === 'none' ? plainPieces(pieces) : this.#openPieces(pack, pieces);
  }

  /** Only the chunks around the part are read. Without encryption nothing proves it but who uses it. */
  async part(pack: Pack, offset: number, length: number): Promise<Buffer> {
    if (this.#kind.kind === 'none') return this.#range(pack, offset, length);
    const around = chunksAround(pack.content, { offset, length });
    const [{ key }, sealed] = await this.#sealedPart(pack, around);
    const bytes = undamaged(pack, () => openChunks(key, sealed, around.first, chunksOf(pack.content)));
    const from = offset - around.first * (SEALED_CHUNK - 16);
    return bytes.subarray(from, from + length);
  }

  /** The header says where chunks begin. Both are asked for at once: so many bytes more are read as the header may have. */
  async #sealedPart(
    pack: Pack,
    { offset, length }: { offset: number; length: number },
  ): Promise<[OpenedPack, Buffer]> {
    const isOpened = this.#opened.has(pack.sha256);
    const more = Math.min(length + HEADER_BYTES, pack.size - offset);
    const [opened, early] = await Promise.all([
      this.#open(pack),
      isOpened || more <= 0 ? undefined : this.#upTo(pack, offset, more),
    ]);
    const part = early?.subarray(opened.payload, opened.payload + length);
    if (part?.length === length) return [opened, part];
    return [opened, await this.#range(pack, opened.payload + offset, length)];
  }

  /** Of its object; undefined: there is none. */
  size({ sha256 }: Pick<Pack, 'sha256'>): Promise<number | undefined> {
    return this.#objects.size(packObject(sha256, this.#kind), this.#signal);
  }

  /** The SHA-256 of the object against its name; needs no key. Undefined: it is right. */
  async problem(pack: Pick<Pack, 'sha256'>): Promise<string | undefined> {
    const sum = createHash('sha256');
    try {
      for await (const bytes of this.#objects.stream(packObject(pack.sha256, this.#kind), this.#signal))
        sum.update(bytes);
    } catch (error) {
      if (error instanceof NoSuchObject) return 'it is missing';
      throw error;
    }
    return sum.digest('hex') === pack.sha256 ? undefined : 'its bytes are not those of its name';
  }

  async *#stream(pack: Pack): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#objects.stream(packObject(pack.sha256, this.#kind), this.#signal);
    } catch (error) {
      throw error instanceof NoSuchObject ? damagedPack(pack, 'the store does not have it', error) : error;
    }
  }

  async #range(pack: Pack, offset: number, length: number): Promise<Buffer> {
    const bytes = await this.#upTo(pack, offset, length);
    if (bytes.length === length) return bytes;
    throw damagedPack(pack, 'it is cut short');
  }

  /** As many as there are. */
  async #upTo(pack: Pack, offset: number, length: number): Promise<Buffer> {
    try {
      const object = packObject(pack.sha256, this.#kind);
      return await this.#objects.read(object, this.#signal, PACK_BYTES, { offset, length });
    } catch (error) {
      throw error instanceof NoSuchObject ? damagedPack(pack, 'the store does not have it', error) : error;
    }
  }

  #open(pack: Pack): Promise<OpenedPack> {
    const known = this.#opened.get(pack.sha256);
    if (known) return known;
    const opening = this.#readHeader(pack);
    this.#opened.set(pack.sha256, opening);
    opening.catch(() => this.#opened.delete(pack.sha256));
    return opening;
  }

  async #readHeader(pack: Pack): Promise<OpenedPack> {
    const beginning = (length: number) => this.#range(pack, 0, Math.min(length, pack.size));
    const short = await beginning(HEADER_BYTES);
    const bytes = headerLength(short) === undefined ? await beginning(MOST_HEADER_BYTES) : short;
    return this.#keyOf(pack, bytes);
  }

  async #keyOf(pack: Pack, bytes: Buffer): Promise<OpenedPack> {
    const length = headerLength(bytes);
    if (length === undefined || bytes.length < length + NONCE)
      throw damagedPack(pack, 'it does not begin as an age file does');
    try {
      const fileKey = await openHeader(bytes.subarray(0, length), this.#identities);
      return { key: payloadKey(fileKey, bytes.subarray(length, length + NONCE)), payload: length + NONCE };
    } catch (error) {
      throw damagedPack(pack, error instanceof Error ? error.message : String(error), error);
    }
  }

  async *#openPieces(pack: Pack, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<ContentPiece> {
    let beginning: Buffer = Buffer.alloc(0);
    let opening: Opening | undefined;
    for await (const bytes of pieces) {
      if (opening !== undefined) {
        yield* opening.add(bytes);
        continue;
      }
      beginning = Buffer.concat([beginning, bytes]);
      if (!hasHeader(beginning) && beginning.length <= MOST_HEADER_BYTES) continue;
      const { key, payload } = await this.#keyOf(pack, beginning);
      opening = new Opening(pack, key);
      yield* opening.add(beginning.subarray(payload));
    }
    if (opening === undefined) throw damagedPack(pack, 'it does not begin as an age file does');
    yield* opening.end();
  }
}

/** Opens a payload as it comes. What it tells lies in one buffer, which is used again. */
class Opening {
  readonly #pack: Pack;
  readonly #key: KeyObject;
  readonly #chunk = Buffer.allocUnsafeSlow(SEALED_CHUNK);
  #filled = 0;
  #number = 0;
  readonly #content: Buffer;
  #length = 0;
  #offset = 0;

  constructor(pack: Pack, key: KeyObject) {
    this.#pack = pack;
    this.#key = key;
    this.#content = Buffer.allocUnsafeSlow(Math.min(PIECE, chunksOf(pack.content) * CHUNK));
  }

  *add(bytes: Uint8Array): Generator<ContentPiece> {
    for (let at = 0; at < bytes.length;) {
      // the last chunk is opened when all is there
      if (this.#filled === SEALED_CHUNK) yield* this.#open(this.#chunk);
      const part = bytes.subarray(at, at + SEALED_CHUNK - this.#filled);
      this.#chunk.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
    }
  }

  *end(): Generator<ContentPiece> {
    yield* this.#open(this.#chunk.subarray(0, this.#filled));
    if (this.#length > 0) yield this.#piece();
  }

  *#open(sealed: Buffer): Generator<ContentPiece> {
    if (this.#length + CHUNK > this.#content.length) yield this.#piece();
    const which = { number: this.#number, last: this.#number === chunksOf(this.#pack.content) - 1 };
    this.#length = undamaged(this.#pack, () =>
      openChunk(this.#key, which, sealed, this.#content, this.#length),
    );
    this.#number++;
    this.#filled = 0;
  }

  #piece(): ContentPiece {
    const piece = { offset: this.#offset, bytes: this.#content.subarray(0, this.#length) };
    this.#offset += this.#length;
    this.#length = 0;
    return piece;
  }
}

function undamaged<T>(pack: Pack, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw damagedPack(pack, error instanceof Error ? error.message : String(error), error);
  }
}

/** The nonce with it. */
const hasHeader = (bytes: Buffer): boolean => (headerLength(bytes) ?? Infinity) + NONCE <= bytes.length;

async function* plainPieces(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<ContentPiece> {
  let offset = 0;
  for await (const bytes of pieces) {
    yield { offset, bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) };
    offset += bytes.length;
  }
}

export const damagedPack = ({ sha256 }: Pick<Pack, 'sha256'>, why: string, cause?: unknown): BackupError =>
  new BackupError('ARCHIVE_DAMAGED', `The pack ${sha256} in the store is damaged`, {
    why,
    hint: 'Copies whose recipes do not name it are not concerned (`gofr-backup verify --store …`). Use another copy, or a local backup.',
    ...(cause === undefined ? {} : { cause }),
  });
