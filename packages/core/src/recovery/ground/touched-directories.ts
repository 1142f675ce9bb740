/** Directories of the staging that something is still done in: they get the mode and the time back that they have. */
import type { BytePath } from '@gofr-backup/model';
import { type FileStat, setTimesAt } from '@gofr-backup/posix';
import type { Ground } from './ground.ts';
import { openStaged } from '../rights/closed.ts';

export class TouchedDirectories implements Disposable {
  readonly #ground: Ground;
  readonly #before = new Map<BytePath, FileStat>();

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** Names can be made and removed in it, also where its owner, this user, has closed it. */
  open(directory: BytePath): void {
    if (this.#before.has(directory)) return;
    this.#before.set(directory, this.#ground.lstat(directory)!);
    openStaged(directory, this.#ground);
  }

  [Symbol.dispose](): void {
    for (const [path, { mode, mtimeNs }] of this.#before) {
      const directory = this.#ground.directory(path);
      if (directory.stat().mode !== mode) directory.chmod(mode & 0o7777);
      setTimesAt(directory.fd, '.', mtimeNs);
    }
  }
}
