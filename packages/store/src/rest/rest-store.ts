/**
 * A store on a server of restic's REST protocol. Such a server knows a few types of blobs, whose names are the sha256 of their bytes, and
 * checks that; with `--append-only` it removes and replaces none. So an object is two blobs: its bytes in `data/`, and an entry in `index/`
 * that gives them a name. The entry is written last. Of several entries of one name the earliest counts.
 */
import { createHash } from 'node:crypto';
import { gathered } from '../gathered.ts';
import { toDate } from '../http/answer-date.ts';
import { HttpClient, type HttpServer, rangeHeader, rangeOf } from '../http/http-client.ts';
import { checkName } from '../name.ts';
import { cannotLock } from '../no-lock.ts';
import { NoSuchObject, StoreError } from '../store-error.ts';
import type { Abilities, ByteRange, Content, PutOptions, Store, StoredObject } from '../store.ts';
import { watched } from '../watched.ts';
import { type Entry, entryText, RestEntries } from './rest-entries.ts';

export class RestStore implements Store {
  readonly #http: HttpClient;
  readonly #entries: RestEntries;
  #made = false;

  constructor(server: HttpServer) {
    this.#http = new HttpClient(server);
    this.#entries = new RestEntries(this.#http);
  }

  async put(
    name: string,
    content: Content,
    { signal, retainUntil }: PutOptions = {},
  ): Promise<'stored' | 'taken'> {
    checkName(name);
    if (retainUntil) throw noLock();
    const doing = `putting ${name}`;
    const body = await gathered(watched(content, signal));
    if (await this.#entries.find(name, signal)) return 'taken';
    await this.#makeOnce(signal);
    const data = sha256(body);
    const put = await this.#postData(data, body, doing, signal);
    const text = entryText({ name, size: body.length, data, put: put.toISOString() });
    const id = sha256(text);
    await this.#http.headers(doing, 'POST', `index/${id}`, { body: text, signal });
    // another writer may have been faster
    const first = (await this.#entries.all(signal)).get(name)?.[0];
    if (first === undefined || first.id === id) return 'stored';
    await this.#http.headers(doing, 'DELETE', `index/${id}`).catch(() => {});
    return 'taken';
  }

  async *read(name: string, range?: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    checkName(name);
    if (range?.length === 0) return;
    const doing = `reading ${name}`;
    const entry = await this.#demand(name, signal);
    if ((range?.offset ?? 0) >= entry.size) return;
    const answer = await this.#http.request(doing, 'GET', `data/${entry.data}`, {
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
    return (await this.#entries.find(name, signal))?.size;
  }

  async *list(prefix = '', signal?: AbortSignal): AsyncGenerator<StoredObject> {
    for (const [name, [first]] of await this.#entries.all(signal))
      if (first && name.startsWith(prefix)) yield { name, size: first.size, modified: new Date(first.put) };
  }

  /** The name goes first; the bytes stay as long as another name is theirs. */
  async remove(name: string, signal?: AbortSignal): Promise<void> {
    checkName(name);
    const doing = `removing ${name}`;
    const gone = (await this.#entries.all(signal)).get(name) ?? [];
    for (const { id } of gone)
      await this.#http.headers(doing, 'DELETE', `index/${id}`, { signal, accepted: [404] });
    const rest = await this.#entries.all(signal);
    const used = new Set([...rest.values()].flat().map(({ data }) => data));
    for (const data of new Set(gone.map((entry) => entry.data)))
      if (!used.has(data))
        await this.#http.headers(doing, 'DELETE', `data/${data}`, { signal, accepted: [404] });
  }

  async now(signal?: AbortSignal): Promise<Date> {
    const answer = await this.#http.headers('asking for the time', 'HEAD', 'config', {
      signal,
      accepted: [401, 403, 404, 405, 500],
    });
    return toDate(answer.headers.date);
  }

  async extendLock(): Promise<void> {
    throw noLock();
  }

  async lockedUntil(name: string, signal?: AbortSignal): Promise<Date | undefined> {
    await this.#demand(name, signal);
    return undefined;
  }

  async abilities(): Promise<Abilities> {
    return { overwrite: 'checked', durable: 'answered', clock: true, lock: false };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http[Symbol.dispose]();
  }

  async #demand(name: string, signal?: AbortSignal): Promise<Entry> {
    checkName(name);
    const entry = await this.#entries.find(name, signal);
    if (entry === undefined) throw new NoSuchObject(name);
    return entry;
  }

  /** That it is there already is told in as many ways as there are servers: the first blob tells whether it worked. */
  async #makeOnce(signal?: AbortSignal): Promise<void> {
    if (this.#made) return;
    const accepted = [400, 403, 405, 409, 500];
    await this.#http.headers('making the repository', 'POST', '?create=true', { signal, accepted });
    this.#made = true;
  }

  /** Answers the server's time. Bytes that are there already, of whatever name, are not sent. */
  async #postData(data: string, body: Buffer, doing: string, signal?: AbortSignal): Promise<Date> {
    const look = () => this.#http.headers(doing, 'HEAD', `data/${data}`, { signal, accepted: [404] });
    const isThere = (found: Awaited<ReturnType<typeof look>>): boolean =>
      found.statusCode !== 404 && Number(found.headers['content-length']) === body.length;
    const before = await look();
    if (isThere(before)) return toDate(before.headers.date);
    try {
      await this.#http.headers(doing, 'POST', `data/${data}`, { body, signal });
    } catch (error) {
      // somebody put the same bytes meanwhile, which the server does not replace
      const isForbidden = error instanceof StoreError && error.kind === 'forbidden';
      if (!isForbidden || !isThere(await look())) throw error;
    }
    const after = await look();
    if (isThere(after)) return toDate(after.headers.date);
    throw new StoreError('failed', `${doing} failed`, { why: 'the server does not have all of its bytes' });
  }
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const noLock = (): Error =>
  cannotLock(
    'objects on a REST server',
    'its protocol knows no locks; --append-only of the server is like one',
  );
