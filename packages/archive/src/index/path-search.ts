/** Looks for paths in the indexes of many backups. Most pages of successive indexes have the same paths: those are read once. */
import { hash } from 'node:crypto';
import type { BytePath } from '@gofr-backup/model';
import { pathColumns, pathsOf } from './page.ts';
import type { Page } from './pages.ts';
import type { IndexVersion } from './types.ts';

/** For one search, over as many indexes as there are. */
export class PathSearch {
  readonly #matches: (path: BytePath) => boolean;
  /** places in a page, by the page's stored bytes, and by the bytes of its paths */
  readonly #ofPages = new Map<string, readonly number[]>();
  readonly #ofPaths = new Map<string, readonly number[]>();

  constructor(matches: (path: BytePath) => boolean) {
    this.#matches = matches;
  }

  /** The places in the page of the entries whose paths match, ascending. Throws RangeError or a zlib error. */
  inPage(columns: Buffer, { rawLength, entries }: Page, version: IndexVersion): readonly number[] {
    const page = `${version} ${entries} ${hash('sha256', columns, 'base64')}`;
    let places = this.#ofPages.get(page);
    if (places === undefined) {
      places = this.#among(pathColumns(columns, rawLength, entries, version), entries);
      this.#ofPages.set(page, places);
    }
    return places;
  }

  #among(columns: [Buffer, Buffer], count: number): readonly number[] {
    const key = `${count} ${columns.map((column) => hash('sha256', column, 'base64')).join()}`;
    let places = this.#ofPaths.get(key);
    if (places === undefined) {
      places = [...this.#read(columns, count)];
      this.#ofPaths.set(key, places);
    }
    return places;
  }

  *#read(columns: [Buffer, Buffer], count: number): Generator<number> {
    let place = 0;
    for (const path of pathsOf(columns, count)) {
      if (this.#matches(path)) yield place;
      place++;
    }
  }
}
