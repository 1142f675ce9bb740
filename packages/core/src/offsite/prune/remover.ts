/** Removes objects. A refusal is counted, not an error: object lock refuses, and the rest may go. */
import { StoreError } from '@gofr-backup/store';
import type { Objects } from '../objects.ts';
import type { Offsite } from '../offsite.ts';

export class Remover {
  readonly #offsite: Offsite;
  readonly #objects: Objects;
  readonly refusedObjects = new Set<string>();
  packs = 0;
  /** of packs */
  bytes = 0;

  constructor(offsite: Offsite, objects: Objects) {
    this.#offsite = offsite;
    this.#objects = objects;
  }

  /** Whether it is gone. `size`: it is a pack, of so many bytes. */
  async remove(object: string, size?: number): Promise<boolean> {
    const { signal, logger, name } = this.#offsite;
    try {
      signal.throwIfAborted();
      await this.#objects.remove(object, signal);
    } catch (error) {
      if (!(error instanceof StoreError && error.kind === 'forbidden')) throw error;
      this.refusedObjects.add(object);
      logger.warn({ store: name, object, why: error.why }, 'the store refused to remove an object');
      return false;
    }
    if (size !== undefined) {
      this.packs++;
      this.bytes += size;
    }
    return true;
  }
}
