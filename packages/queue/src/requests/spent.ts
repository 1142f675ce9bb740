/**
 * The signed requests that were begun and that have ended, on disk: whoever writes to Redis can put a job there again,
 * with the signature it had, but cannot make this forget.
 *
 * | there is   | the request         | may begin                                                    |
 * | ---------- | ------------------- | ------------------------------------------------------------ |
 * | nothing    | is new, or waits    | yes                                                          |
 * | ID.begun   | runs, or its worker | unless it ends with its worker                               |
 * |            | died                |                                                              |
 * | ID.ended   | has ended           | no                                                           |
 */
import { createHash } from 'node:crypto';
import { open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ensureOwnDirectory, isOwnDirectory } from '@gofr-backup/core';
import { ignoring, isErrno, toBackupError } from '@gofr-backup/model';

export type Standing = 'new' | 'begun' | 'ended';

export class SpentRequests {
  readonly #directory: string;

  /** `directory` is made when it is needed, below the state directory. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Marks it as begun, and answers what it was before. */
  async begin(id: string): Promise<Standing> {
    return this.#orTell('noting that a request begins', async () => {
      await ensureOwnDirectory(dirname(this.#directory));
      await ensureOwnDirectory(this.#directory, 0o700);
      if (await exists(this.#path(id, 'ended'))) return 'ended';
      return (await makeEmpty(this.#path(id, 'begun'))) ? 'new' : 'begun';
    });
  }

  /** It will be tried again. */
  async release(id: string): Promise<void> {
    await rm(this.#path(id, 'begun'), { force: true });
  }

  async end(id: string): Promise<void> {
    await this.#orTell('noting that a request has ended', async () => {
      if (!(await isOwnDirectory(this.#directory))) return;
      await makeEmpty(this.#path(id, 'ended'));
      await this.release(id);
    });
  }

  /** Forgets requests older than `before` (ms since the epoch), whose signatures are too old to count. */
  async forget(before: number): Promise<void> {
    if (!(await isOwnDirectory(this.#directory))) return;
    for (const name of await readdir(this.#directory)) {
      const path = join(this.#directory, name);
      const found = await stat(path).catch(ignoring('ENOENT'));
      if (found && found.mtimeMs < before) await rm(path, { force: true });
    }
  }

  #path(id: string, state: 'begun' | 'ended'): string {
    return join(this.#directory, `${createHash('sha256').update(id).digest('hex').slice(0, 40)}.${state}`);
  }

  async #orTell<T>(doing: string, work: () => Promise<T>): Promise<T> {
    return work().catch((error: unknown) => {
      throw toBackupError(error, doing);
    });
  }
}

/** False: it is there already. */
async function makeEmpty(path: string): Promise<boolean> {
  try {
    await using handle = await open(path, 'wx', 0o600);
    await handle.sync();
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

const exists = async (path: string): Promise<boolean> =>
  (await stat(path).catch(ignoring('ENOENT'))) !== undefined;
