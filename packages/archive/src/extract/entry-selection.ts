/** Which entries `paths` of a request take: each itself and all below it. */
import { BackupError, type BytePath, displayPath, toBytePath } from '@gofr-backup/model';

export class EntrySelection {
  readonly #paths: readonly string[] | undefined;
  /** an escape such as \xff in a path asks for comparing display forms, which is slower */
  readonly #escaped: boolean;
  readonly #unused: Set<string>;

  /** `paths` in display form, with or without slashes at the end; absent: everything */
  constructor(paths?: readonly string[]) {
    this.#escaped = paths?.some(hasEscape) ?? false;
    this.#paths = paths?.map((path) => this.#form(path.replace(/^(?:\.?\/)+|\/+$/g, '')));
    this.#unused = new Set(this.#paths);
  }

  takes(path: BytePath): boolean {
    if (this.#paths === undefined) return true;
    const shown = this.#escaped ? displayPath(path) : path;
    const found = this.#paths.find((wanted) => isOrIsBelow(shown, wanted));
    if (found === undefined) return false;
    this.#unused.delete(found);
    return true;
  }

  /** Above something that is taken, so that its directory is needed. */
  leadsTo(path: BytePath): boolean {
    const shown = this.#escaped ? displayPath(path) : path;
    return this.#paths?.some((wanted) => wanted.startsWith(`${shown}/`)) ?? true;
  }

  /** Throws NO_SUCH_BACKUP for a path that took nothing. */
  checkAllUsed(): void {
    const [missing] = this.#unused;
    if (missing !== undefined) throw noSuchPath(this.#escaped ? missing : displayPath(missing));
  }

  #form(path: string): string {
    return this.#escaped ? path : toBytePath(path);
  }
}

const hasEscape = (path: string): boolean => path.includes('\\x');

/** Whether an entry's path is the one asked for in display form. */
export function pathMatcher(path: string): (entry: BytePath) => boolean {
  const wanted = path.replace(/^(?:\.?\/)+|\/+$/g, '');
  if (hasEscape(wanted)) return (entry) => displayPath(entry) === wanted;
  const bytes = toBytePath(wanted);
  return (entry) => entry === bytes;
}

export function noSuchPath(path: string): BackupError {
  return new BackupError('NO_SUCH_BACKUP', `"${path}" is not in this backup.`, {
    why: 'No entry of the archive has this name or lies below it.',
    hint: 'See what is in it with `gofr-backup files NAME`.',
    details: { path },
  });
}

function isOrIsBelow(path: string, wanted: string): boolean {
  return (
    wanted === '' ||
    path === wanted ||
    (path.length > wanted.length && path[wanted.length] === '/' && path.startsWith(wanted))
  );
}
