/** The entries that the `paths` of a request select: each path itself and everything below it. */
import { BackupError, type BytePath, displayPath, toBytePath } from '@gofr-backup/model';

export class EntrySelection {
  readonly #paths: ReadonlySet<string> | undefined;
  /** all that lie above one of the paths */
  readonly #above: ReadonlySet<string>;
  /** an escape such as \xff in a path asks for comparing display forms, which is slower */
  readonly #escaped: boolean;
  readonly #unused: Set<string>;

  /** `paths` in display form, with or without slashes at the end; absent: everything */
  constructor(paths?: readonly string[]) {
    this.#escaped = paths?.some(hasEscape) ?? false;
    const forms = paths?.map((path) => this.#form(path.replace(/^(?:\.?\/)+|\/+$/g, '')));
    this.#paths = forms && new Set(forms);
    this.#above = allAbove(forms ?? []);
    this.#unused = new Set(forms);
  }

  get takesAll(): boolean {
    return this.#paths === undefined;
  }

  takes(path: BytePath): boolean {
    if (this.#paths === undefined) return true;
    let isTaken = false;
    for (const wanted of upwards(this.#escaped ? displayPath(path) : path)) {
      if (!this.#paths.has(wanted)) continue;
      isTaken = true;
      if (this.#unused.size === 0) break;
      this.#unused.delete(wanted);
    }
    return isTaken;
  }

  /** Whether the path is a directory above a selected entry, and so is needed. */
  leadsTo(path: BytePath): boolean {
    return this.#paths === undefined || this.#above.has(this.#escaped ? displayPath(path) : path);
  }

  /** Throws NO_SUCH_BACKUP for a requested path that selected no entry. */
  checkAllUsed(): void {
    const [missing] = this.#unused;
    if (missing !== undefined) throw noSuchPath(this.#escaped ? missing : displayPath(missing));
  }

  #form(path: string): string {
    return this.#escaped ? path : toBytePath(path);
  }
}

function allAbove(paths: readonly string[]): Set<string> {
  const above = new Set<string>();
  for (const path of paths)
    for (const at of upwards(path).drop(1)) {
      if (above.has(at)) break;
      above.add(at);
    }
  return above;
}

/** The path itself and all above it; last the archive's root. */
function* upwards(path: string): Generator<string> {
  for (let at = path.length; at > 0; at = path.lastIndexOf('/', at - 1)) yield path.slice(0, at);
  yield '';
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
