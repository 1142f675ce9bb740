/** What archives hold, read by a program of others and remembered by their SHA-256. */
import { join } from 'node:path';
import { Python } from '../python.ts';

/** path inside the archive, a character a byte -> `file <sha256>` or `link <text>` */
export type Held = ReadonlyMap<string, string>;

export class Archives implements Disposable {
  readonly #python = new Python(join(import.meta.dirname, 'archives.py'));
  readonly #known = new Map<string, Held>();

  /** One at a time. */
  async read({ path, sha256 }: { path: string; sha256: string }): Promise<void> {
    if (this.#known.has(sha256)) return;
    this.#known.set(sha256, new Map(await this.#python.ask<[string, string][]>(path)));
  }

  /** Of an archive that was read. */
  heldBy(sha256: string): Held {
    return this.#known.get(sha256)!;
  }

  [Symbol.dispose](): void {
    this.#python[Symbol.dispose]();
  }
}
