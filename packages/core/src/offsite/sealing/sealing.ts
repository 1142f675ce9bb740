/** How the objects of one store are sealed: by age for its recipients, or, by name, not at all. */
import { type KeyObject, randomBytes } from 'node:crypto';
import { headerLength, newHeader, openHeader } from './age-header.ts';
import {
  chunksOf,
  CHUNK,
  NONCE,
  openChunks,
  payloadKey,
  SEALED_CHUNK,
  sealChunk,
  sealedLength,
} from './age-payload.ts';

export type Encryption = { kind: 'age'; recipients: readonly string[] } | { kind: 'none' };

/** What every object's name ends with. */
export const suffixOf = ({ kind }: Pick<Encryption, 'kind'>): '' | '.age' => (kind === 'age' ? '.age' : '');

/** An object in the making: content goes in piece by piece, sealed bytes lie in one buffer. */
export interface Seal {
  /** bytes of content so far */
  readonly content: number;
  /** where the object lies; for the next one, when nobody reads this one any more */
  readonly room: Buffer;
  add(bytes: Uint8Array): void;
  /** The whole object. Nothing can be added any more. */
  finish(): Buffer;
}

/** `most`: bytes of content, at most. `room`: of an earlier object; used where it is large enough. */
export async function beginSeal(encryption: Encryption, most: number, room?: Buffer): Promise<Seal> {
  const roomFor = (length: number): Buffer =>
    room && room.length >= length ? room : Buffer.allocUnsafeSlow(length);
  if (encryption.kind === 'none') return new PlainSeal(roomFor(most));
  const { header, fileKey } = await newHeader(encryption.recipients);
  const length = header.length + NONCE + sealedLength(most);
  return new AgeSeal(header, fileKey, { most, room: roomFor(length) });
}

export async function sealed(encryption: Encryption, content: Uint8Array): Promise<Buffer> {
  const seal = await beginSeal(encryption, content.length);
  seal.add(content);
  return seal.finish();
}

/** Throws RangeError when it does not open. Without `.age` it is what it is. */
export async function opened(object: Buffer, name: string, identities: readonly string[]): Promise<Buffer> {
  if (!name.endsWith('.age')) return object;
  const length = headerLength(object);
  if (length === undefined) throw new RangeError('it does not begin as an age file does');
  const fileKey = await openHeader(object.subarray(0, length), identities);
  const key = payloadKey(fileKey, object.subarray(length, length + NONCE));
  const payload = object.subarray(length + NONCE);
  return openChunks(key, payload, 0, Math.max(1, Math.ceil(payload.length / SEALED_CHUNK)));
}

class PlainSeal implements Seal {
  readonly room: Buffer;
  content = 0;

  constructor(room: Buffer) {
    this.room = room;
  }
  add(bytes: Uint8Array): void {
    this.room.set(bytes, this.content);
    this.content += bytes.length;
  }
  finish(): Buffer {
    return this.room.subarray(0, this.content);
  }
}

class AgeSeal implements Seal {
  readonly room: Buffer;
  readonly #key: KeyObject;
  /** content of the chunk that is not sealed yet: only a later byte tells that it is not the last one */
  readonly #open: Buffer;
  #filled = 0;
  #chunks = 0;
  #at: number;
  content = 0;

  constructor(header: Buffer, fileKey: Uint8Array, { most, room }: { most: number; room: Buffer }) {
    const nonce = randomBytes(NONCE);
    this.#key = payloadKey(fileKey, nonce);
    this.room = room;
    this.#open = Buffer.allocUnsafeSlow(Math.min(CHUNK, Math.max(most, 1)));
    room.set(header, 0);
    room.set(nonce, header.length);
    this.#at = header.length + NONCE;
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#filled === CHUNK) this.#seal(false);
      const part = bytes.subarray(at, at + CHUNK - this.#filled);
      this.#open.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
    }
    this.content += bytes.length;
  }

  finish(): Buffer {
    this.#seal(true);
    return this.room.subarray(0, this.#at);
  }

  #seal(last: boolean): void {
    const content = this.#open.subarray(0, this.#filled);
    this.#at = sealChunk(this.#key, { number: this.#chunks++, last }, content, this.room, this.#at);
    this.#filled = 0;
  }
}

/** Where the chunks with a part of the content lie in an object, counted from the end of its nonce. */
export function chunksAround(
  content: number,
  { offset, length }: { offset: number; length: number },
): { first: number; offset: number; length: number } {
  const first = Math.floor(offset / CHUNK);
  const end = Math.min(chunksOf(content), Math.ceil((offset + length) / CHUNK));
  const from = first * SEALED_CHUNK;
  return { first, offset: from, length: Math.min(end * SEALED_CHUNK, sealedLength(content)) - from };
}
