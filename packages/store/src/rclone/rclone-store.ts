/** A store on a remote of rclone's: an object is sent under a hidden name, its size compared, and moved to its place. */
import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { gathered } from '../gathered.ts';
import { HttpClient, rangeHeader, rangeOf } from '../http/http-client.ts';
import { checkName, isName } from '../name.ts';
import { cannotLock, neverLocked } from '../no-lock.ts';
import { NoSuchObject, StoreError } from '../store-error.ts';
import type { Abilities, ByteRange, Content, PutOptions, Store, StoredObject } from '../store.ts';
import { sweepUnfinished, unfinishedName } from '../unfinished.ts';
import { watched } from '../watched.ts';
import type { RcloneChild } from './rclone-child.ts';
import { rcloneError } from './rclone-problem.ts';

interface Item {
  Path: string;
  Size: number;
  ModTime: string;
  IsDir: boolean;
}

export class RcloneStore implements Store {
  readonly #child: RcloneChild;
  readonly #http: HttpClient;
  readonly #remote: string;
  #sweeping: Promise<void> | undefined;

  /** `remote` as rclone writes it: `name:path`. The child belongs to the store from now on. */
  constructor(child: RcloneChild, remote: string) {
    this.#child = child;
    this.#http = new HttpClient(child.server);
    this.#remote = remote;
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
    const part = unfinishedName();
    try {
      await this.#upload(part, body, doing, signal);
      const sent = await this.#stat(part, doing, signal);
      if (sent?.Size !== body.length)
        throw new StoreError('failed', `${doing} failed`, {
          why: `of ${body.length} bytes the remote says that it has ${sent?.Size ?? 'none'}`,
        });
      await (this.#sweeping ??= this.#sweep(new Date(sent.ModTime), signal));
      const answer = await this.#moveNew(part, name, doing, signal);
      if (answer === 'taken') await this.#delete(part, doing, signal);
      return answer;
    } catch (error) {
      const tidied = this.#delete(part, 'tidying up').catch(() => {});
      if (!signal?.aborted) await tidied;
      throw error;
    }
  }

  async *read(name: string, range?: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    checkName(name);
    if (range?.length === 0) return;
    const doing = `reading ${name}`;
    const size = await this.size(name, signal);
    if (size === undefined) throw new NoSuchObject(name);
    if ((range?.offset ?? 0) >= size) return;
    const path = `${encodeURIComponent(`[${this.#remote}]`)}/${name}`;
    const asked = { headers: rangeHeader(range), signal };
    const answer = await this.#http.request(doing, 'GET', path, asked).catch((error: unknown) => {
      throw rcloneError(error);
    });
    yield* rangeOf(answer, range, doing, signal);
  }

  async size(name: string, signal?: AbortSignal): Promise<number | undefined> {
    checkName(name);
    return (await this.#stat(name, `looking at ${name}`, signal))?.Size;
  }

  async *list(prefix = '', signal?: AbortSignal): AsyncGenerator<StoredObject> {
    const remote = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')));
    const opt = { recurse: true, filesOnly: true, noMimeType: true };
    const asked = { fs: this.#remote, remote, opt };
    const found = await this.#call<{ list?: Item[] | null }>('operations/list', asked, 'listing', signal);
    for (const { Path: name, Size: size, ModTime } of found?.list ?? [])
      if (isName(name) && name.startsWith(prefix)) yield { name, size, modified: new Date(ModTime) };
  }

  async remove(name: string, signal?: AbortSignal): Promise<void> {
    if ((await this.size(name, signal)) === undefined) return;
    await this.#delete(name, `removing ${name}`, signal);
  }

  /** rclone tells times of files, which most remotes keep as they were sent. */
  async now(): Promise<Date> {
    throw new StoreError('unsupported', 'a store of rclone tells no time', {
      why: 'rclone has no such call',
    });
  }

  async extendLock(): Promise<void> {
    throw noLock();
  }

  async lockedUntil(name: string, signal?: AbortSignal): Promise<undefined> {
    return neverLocked(this, name, signal);
  }

  async abilities(): Promise<Abilities> {
    return { overwrite: 'checked', durable: 'answered', clock: false, lock: false };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http[Symbol.dispose]();
    await this.#child[Symbol.asyncDispose]();
  }

  /** undefined: rclone says that there is no such thing. */
  async #call<T>(
    command: string,
    asked: object,
    doing: string,
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    const headers = { 'content-type': 'application/json' };
    const body = Buffer.from(JSON.stringify(asked));
    try {
      return JSON.parse(await this.#http.text(doing, 'POST', command, { headers, body, signal })) as T;
    } catch (error) {
      const told = rcloneError(error);
      if (told instanceof StoreError && told.kind === 'missing') return undefined;
      throw told;
    }
  }

  async #stat(name: string, doing: string, signal?: AbortSignal): Promise<Item | undefined> {
    const asked = { fs: this.#remote, remote: name };
    const found = await this.#call<{ item?: Item | null }>('operations/stat', asked, doing, signal);
    return found?.item && !found.item.IsDir ? found.item : undefined;
  }

  /**
   * rclone moves over what is there, which it removes first: it is looked for before, and after a failure, which another put at the
   * same moment may cause.
   */
  async #moveNew(from: string, to: string, doing: string, signal?: AbortSignal): Promise<'stored' | 'taken'> {
    const asked = { srcFs: this.#remote, srcRemote: from, dstFs: this.#remote, dstRemote: to };
    for (let tried = 1; !(await this.#stat(to, doing, signal)); tried++) {
      try {
        if (await this.#call('operations/movefile', asked, doing, signal)) return 'stored';
        throw new StoreError('failed', `${doing} failed`, { why: 'what was sent is gone' });
      } catch (error) {
        const isMoved = !(await this.#stat(from, doing, signal));
        if (isMoved && (await this.#stat(to, doing, signal))) return 'stored';
        if (isMoved || tried === MOST_MOVES) throw error;
      }
    }
    return 'taken';
  }

  /** No remote tells its clock, but the time of what was put just `now`. */
  #sweep(now: Date, signal?: AbortSignal): Promise<void> {
    return sweepUnfinished({
      found: async () => {
        const asked = { fs: this.#remote, remote: '', opt: { filesOnly: true, noMimeType: true } };
        const found = await this.#call<{ list?: Item[] | null }>('operations/list', asked, 'listing', signal);
        return (found?.list ?? []).map(({ Path: name, ModTime }) => ({ name, modified: new Date(ModTime) }));
      },
      now: async () => now,
      remove: (name) => this.#delete(name, 'tidying up', signal),
    });
  }

  async #delete(name: string, doing: string, signal?: AbortSignal): Promise<void> {
    await this.#call('operations/deletefile', { fs: this.#remote, remote: name }, doing, signal);
  }

  /** As a form with one file, which is what rclone takes bytes by. */
  async #upload(name: string, body: Buffer, doing: string, signal?: AbortSignal): Promise<void> {
    const boundary = randomBytes(16).toString('hex');
    const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${posix.basename(name)}"\r\n\r\n`;
    const form = Buffer.concat([Buffer.from(head), body, Buffer.from(`\r\n--${boundary}--\r\n`)]);
    const query = new URLSearchParams({ fs: this.#remote, remote: '' });
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
    await this.#http
      .text(doing, 'POST', `operations/uploadfile?${query.toString()}`, { headers, body: form, signal })
      .catch((error: unknown) => {
        const told = rcloneError(error);
        if (!(told instanceof StoreError) || told.kind !== 'missing') throw told;
        throw new StoreError('misconfigured', told.message, { why: told.why, cause: told });
      });
  }
}

const MOST_MOVES = 5;

const noLock = (): Error => cannotLock('objects of rclone', 'it has no call for locks');
