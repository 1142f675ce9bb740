/** A store on a WebDAV server: an object is sent under a name of its own, looked at, and moved to its place without overwriting. */
import { gathered } from '../gathered.ts';
import { HttpClient, type HttpServer, rangeHeader, rangeOf } from '../http/http-client.ts';
import { toDate } from '../http/answer-date.ts';
import { checkName, isName } from '../name.ts';
import { cannotLock, neverLocked } from '../no-lock.ts';
import { NoSuchObject, StoreError } from '../store-error.ts';
import type { Abilities, ByteRange, Content, PutOptions, Store, StoredObject } from '../store.ts';
import { sweepUnfinished, unfinishedName } from '../unfinished.ts';
import { watched } from '../watched.ts';
import { type Resource, resourcesIn } from './multistatus.ts';

const PROPERTIES = Buffer.from(
  '<?xml version="1.0"?><propfind xmlns="DAV:"><prop><resourcetype/><getcontentlength/><getlastmodified/></prop></propfind>',
);

export class WebDavStore implements Store {
  readonly #http: HttpClient;
  readonly #url: URL;
  readonly #made = new Set<string>();
  #sweeping: Promise<void> | undefined;

  constructor(server: HttpServer) {
    this.#http = new HttpClient(server);
    this.#url = new URL(server.url);
  }

  async put(
    name: string,
    content: Content,
    { signal, retainUntil }: PutOptions = {},
  ): Promise<'stored' | 'taken'> {
    checkName(name);
    if (retainUntil) throw noLock();
    const body = await gathered(watched(content, signal));
    if ((await this.size(name, signal)) !== undefined) return 'taken';
    const part = unfinishedName();
    const doing = `putting ${name}`;
    try {
      await this.#makeCollections(name, doing, signal);
      await (this.#sweeping ??= this.#sweep(signal));
      await this.#http.headers(doing, 'PUT', part, { body, signal });
      await this.#demandSize(part, body.length, doing, signal);
      const moved = await this.#http.headers(doing, 'MOVE', part, {
        headers: { destination: new URL(name, this.#url).href, overwrite: 'F' },
        signal,
        accepted: [412],
      });
      if (moved.statusCode !== 412) return 'stored';
    } catch (error) {
      // somebody may have removed them
      this.#made.clear();
      void this.#discard(part);
      throw error;
    }
    await this.#discard(part);
    return 'taken';
  }

  async *read(name: string, range?: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    checkName(name);
    if (range?.length === 0) return;
    const doing = `reading ${name}`;
    // some servers answer for a collection with a page for people
    const size = await this.size(name, signal);
    if (size === undefined) throw new NoSuchObject(name);
    if (range && range.offset >= size) return;
    const answer = await this.#http.request(doing, 'GET', name, {
      headers: rangeHeader(range),
      signal,
      accepted: [404],
    });
    if (answer.statusCode === 404) {
      answer.resume();
      throw new NoSuchObject(name);
    }
    yield* rangeOf(answer, range, doing, signal);
  }

  async size(name: string, signal?: AbortSignal): Promise<number | undefined> {
    checkName(name);
    const look = async (path: string): Promise<number | undefined> =>
      (await this.#find(path, '0', `looking at ${path}`, signal))[0]?.size;
    try {
      return await look(name);
    } catch (error) {
      if (!(error instanceof StoreError) || error.mayPass) throw error;
      // what would lie below an object is no object; Apache tells that as a bad request
      for (let end = name.indexOf('/'); end > 0; end = name.indexOf('/', end + 1))
        if ((await look(name.slice(0, end))) !== undefined) return undefined;
      throw error;
    }
  }

  async *list(prefix = '', signal?: AbortSignal): AsyncGenerator<StoredObject> {
    const pending = [prefix.slice(0, prefix.lastIndexOf('/') + 1)];
    while (pending.length > 0) {
      const directory = pending.pop()!;
      for (const { path, size, modified } of await this.#find(directory, '1', 'listing', signal)) {
        const name = this.#nameOf(path);
        if (name === undefined || !name.startsWith(prefix.slice(0, name.length))) continue;
        if (size === undefined) {
          if (`${name}/` !== directory) pending.push(`${name}/`);
        } else if (name.startsWith(prefix)) yield { name, size, ...(modified && { modified }) };
      }
    }
  }

  async remove(name: string, signal?: AbortSignal): Promise<void> {
    if ((await this.size(name, signal)) === undefined) return;
    await this.#http.headers(`removing ${name}`, 'DELETE', name, { signal, accepted: [404] });
  }

  async now(signal?: AbortSignal): Promise<Date> {
    const answer = await this.#http.headers('asking for the time', 'OPTIONS', '', {
      signal,
      accepted: [401, 403, 404, 405],
    });
    return toDate(answer.headers.date);
  }

  async extendLock(): Promise<void> {
    throw noLock();
  }

  async lockedUntil(name: string, signal?: AbortSignal): Promise<undefined> {
    return neverLocked(this, name, signal);
  }

  /** `Overwrite: F` is a promise of the protocol; servers look first and rename then. */
  async abilities(): Promise<Abilities> {
    return { overwrite: 'checked', durable: 'answered', clock: true, lock: false };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http[Symbol.dispose]();
  }

  /** Nothing: there is no such resource. */
  async #find(path: string, depth: '0' | '1', doing: string, signal?: AbortSignal): Promise<Resource[]> {
    const text = await this.#http.text(doing, 'PROPFIND', path, {
      headers: { depth, 'content-type': 'application/xml' },
      body: PROPERTIES,
      signal,
      // below an object there is nothing, which some tell as a redirection or a conflict
      accepted: [301, 302, 404, 405, 409],
    });
    return resourcesIn(text, this.#url);
  }

  #sweep(signal?: AbortSignal): Promise<void> {
    const base = decodeURIComponent(this.#url.pathname);
    return sweepUnfinished({
      found: async () =>
        (await this.#find('', '1', 'listing', signal)).map(({ path, size, modified }) => ({
          name: path.slice(base.length),
          modified: size === undefined ? undefined : modified,
        })),
      now: () => this.now(signal),
      remove: (name) => this.#discard(name),
    });
  }

  /** Below the store's URL; undefined: no object's, nor a directory's of objects. */
  #nameOf(path: string): string | undefined {
    const base = decodeURIComponent(this.#url.pathname);
    const name = path.startsWith(base) ? path.slice(base.length).replace(/\/$/, '') : '';
    return isName(name) ? name : undefined;
  }

  /** From the store's own downwards, once. 405: it is there. */
  async #makeCollections(name: string, doing: string, signal: AbortSignal | undefined): Promise<void> {
    const base = this.#url.pathname.split('/').slice(1, -1);
    const below = name.split('/').slice(0, -1);
    const parts = [...base, ...below];
    for (let depth = 1; depth <= parts.length; depth++) {
      const path = `/${parts.slice(0, depth).join('/')}/`;
      if (this.#made.has(path)) continue;
      // what lies above the store may be nobody's to make
      const accepted = depth < base.length ? [301, 401, 403, 404, 405, 409] : [301, 405];
      await this.#http.headers(doing, 'MKCOL', path, { signal, accepted });
      this.#made.add(path);
    }
  }

  async #demandSize(part: string, size: number, doing: string, signal?: AbortSignal): Promise<void> {
    const found = (await this.#find(part, '0', doing, signal))[0]?.size;
    if (found === size) return;
    throw new StoreError('failed', `${doing} failed`, {
      why: `of ${size} bytes the server says that it has ${found ?? 'none'}`,
    });
  }

  async #discard(part: string): Promise<void> {
    await this.#http.headers('tidying up', 'DELETE', part, { accepted: [404] }).catch(() => {});
  }
}

const noLock = (): Error => cannotLock('objects on a WebDAV server', 'its locks are for editors');
