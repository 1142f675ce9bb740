/** Fills packs with new spans, and puts each that is full to the store while the next one fills. */
import { hash, randomBytes } from 'node:crypto';
import { PACK_CONTENT, packObject } from '../layout.ts';
import type { Objects } from '../objects.ts';
import type { Offsite } from '../offsite.ts';
import type { Extent } from '../recipe/extents.ts';
import type { Pack } from '../recipe/recipe.ts';
import { beginSeal, type Seal } from '../sealing/sealing.ts';

/** Packs that are being put; each takes its size in memory. */
const AT_ONCE = 2;
/** Two packs of the same spans must have two names, because one of them may be about to be removed. */
const SALT = 16;

export interface PackEvents {
  begun(pack: number): void;
  /** the store has it */
  stored(pack: number): Promise<void>;
}

export class PackWriter implements AsyncDisposable {
  readonly #offsite: Offsite;
  readonly #objects: Objects;
  /** of the recipe in the making; one that is not put yet has an empty name */
  readonly #packs: Pack[];
  readonly #events: PackEvents;
  readonly #putting = new Set<Promise<void>>();
  readonly #most: number;
  /** of packs that the store has: a new one for each would be memory that lies about until it is collected */
  readonly #rooms: Buffer[] = [];
  #failure: { cause: unknown } | undefined;
  #open: { number: number; seal: Seal } | undefined;
  /** bytes of the objects that were put */
  sent = 0;
  /** packs that were put */
  count = 0;

  constructor(offsite: Offsite, objects: Objects, packs: Pack[], events: PackEvents) {
    this.#offsite = offsite;
    this.#most = offsite.packContent ?? PACK_CONTENT;
    this.#objects = objects;
    this.#packs = packs;
    this.#events = events;
  }

  /** Answers where the bytes lie: in one pack, or on in the next. */
  async add(bytes: Buffer): Promise<Extent[]> {
    const places: Extent[] = [];
    for (let at = 0; at < bytes.length;) {
      const { number, seal } = (this.#open ??= await this.#begin());
      const part = bytes.subarray(at, at + this.#most - seal.content);
      places.push({ pack: number, offset: seal.content, length: part.length });
      seal.add(part);
      at += part.length;
      if (seal.content === this.#most) this.#put();
    }
    return places;
  }

  /** Returns when the store has them all. */
  async finish(): Promise<void> {
    if (this.#open) this.#put();
    while (this.#putting.size > 0) await Promise.race(this.#putting);
    this.#throwFailure();
  }

  /** Nothing is put any more when it is left. What is on its way may arrive: the next copy needs not send it again. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#putting);
  }

  async #begin(): Promise<{ number: number; seal: Seal }> {
    while (this.#putting.size >= AT_ONCE) await Promise.race(this.#putting);
    this.#throwFailure();
    const { encryption } = this.#offsite;
    const seal = await beginSeal(encryption, this.#most, this.#rooms.pop());
    if (encryption.kind === 'none') seal.add(randomBytes(SALT));
    const number = this.#packs.push({ sha256: '', size: 0, content: 0 }) - 1;
    this.#events.begun(number);
    return { number, seal };
  }

  #put(): void {
    const { number, seal } = this.#open!;
    this.#open = undefined;
    const putting: Promise<void> = this.#putPack(number, seal)
      .catch((cause: unknown) => {
        this.#failure ??= { cause };
      })
      .finally(() => this.#putting.delete(putting));
    this.#putting.add(putting);
  }

  async #putPack(number: number, seal: Seal): Promise<void> {
    const object = seal.finish();
    const sha256 = hash('sha256', object);
    Object.assign(this.#packs[number]!, { sha256, size: object.length, content: seal.content });
    const { encryption, signal } = this.#offsite;
    await this.#objects.putProved(packObject(sha256, encryption), object, signal, sha256);
    this.#rooms.push(seal.room);
    this.sent += object.length;
    this.count++;
    await this.#events.stored(number);
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.cause;
  }
}
