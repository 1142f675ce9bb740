/**
 * Functions of the C library that Node has none for, called by koffi. koffi is optional: it is loaded at the first use,
 * once a thread, and where it is missing everything works that Node can do alone.
 */
import { createRequire } from 'node:module';
import { getSystemErrorMessage, getSystemErrorName } from 'node:util';

type Call = (...args: (number | bigint | Buffer | null)[]) => number;

interface Koffi {
  load(path: string | null): { func(definition: string): Call };
  errno(): number;
}

/** The functions, by their names in the C library, or by their use. Each answers -1 when it fails. */
const DEFINITIONS = {
  syscall: 'long syscall(long number, long a, const void *b, const void *c, long d)',
  syscallByPointer: 'long syscall(long number, const void *a, size_t b, long c)',
  syscallOfRule: 'long syscall(long number, long a, long b, const void *c, long d)',
  prctl: 'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
  setsockopt: 'int setsockopt(int fd, int level, int option, const void *value, unsigned int length)',
  statx: 'int statx(int directory, const void *path, int flags, unsigned int mask, void *answer)',
  mallopt: 'int mallopt(int parameter, int value)',
  lseek: 'int64_t lseek(int fd, int64_t offset, int whence)',
  futimens: 'int futimens(int fd, const void *times)',
  renameat2: 'int renameat2(int from, const void *a, int to, const void *b, unsigned int flags)',
  utimensat: 'int utimensat(int dirfd, const void *path, const void *times, int flags)',
  flistxattr: 'int64_t flistxattr(int fd, void *list, size_t size)',
  fgetxattr: 'int64_t fgetxattr(int fd, const void *name, void *value, size_t size)',
  fsetxattr: 'int fsetxattr(int fd, const void *name, const void *value, size_t size, int flags)',
  fremovexattr: 'int fremovexattr(int fd, const void *name)',
  llistxattr: 'int64_t llistxattr(const void *path, void *list, size_t size)',
  lgetxattr: 'int64_t lgetxattr(const void *path, const void *name, void *value, size_t size)',
  lsetxattr: 'int lsetxattr(const void *path, const void *name, const void *value, size_t size, int flags)',
  lremovexattr: 'int lremovexattr(const void *path, const void *name)',
} as const;

type Function = keyof typeof DEFINITIONS;

export interface Library {
  /** Throws an error as Node's functions do, with `code`, `errno` and `syscall`. */
  call(name: Function, ...args: Parameters<Call>): number;
}

let loaded: { library: Library | undefined } | undefined;
let withheld = 0;

/** Undefined where koffi is missing, or the system is not Linux. */
export function nativeLibrary(): Library | undefined {
  if (withheld > 0) return undefined;
  loaded ??= { library: process.platform === 'linux' ? load() : undefined };
  return loaded.library;
}

/**
 * The library where the kernel has a call as well: an old one and the filter of a container refuse it, and `attempt` throws
 * then. It is tried once a thread.
 */
export function whereUsable(attempt: (library: Library) => void): () => Library | undefined {
  let usable: boolean | undefined;
  return () => {
    const library = nativeLibrary();
    if (library === undefined) return undefined;
    usable ??= succeeds(() => attempt(library));
    return usable ? library : undefined;
  };
}

function succeeds(attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

/** For tests: as if koffi were missing. */
export async function withoutNative<T>(run: () => T | Promise<T>): Promise<T> {
  withheld++;
  try {
    return await run();
  } finally {
    withheld--;
  }
}

function load(): Library | undefined {
  try {
    return new KoffiLibrary(loadKoffi());
  } catch {
    return undefined;
  }
}

/** Its binary alone: what koffi puts around it is not used, and would cost every thread another 6 ms. */
function loadKoffi(): Koffi {
  const koffi = createRequire(import.meta.url).resolve('koffi');
  return createRequire(koffi)(`@koromix/koffi-${process.platform}-${process.arch}`) as Koffi;
}

class KoffiLibrary implements Library {
  readonly #koffi: Koffi;
  /** The names of the process itself: the C library is among them, whichever it is. */
  readonly #names: ReturnType<Koffi['load']>;
  readonly #functions = new Map<Function, Call>();

  constructor(koffi: Koffi) {
    this.#koffi = koffi;
    this.#names = koffi.load(null);
    this.#function('lseek');
  }

  call(name: Function, ...args: Parameters<Call>): number {
    const answer = this.#function(name)(...args);
    if (answer !== -1) return answer;
    throw systemError(this.#koffi.errno(), name);
  }

  #function(name: Function): Call {
    let found = this.#functions.get(name);
    if (found === undefined) this.#functions.set(name, (found = this.#names.func(DEFINITIONS[name])));
    return found;
  }
}

function systemError(errno: number, syscall: string): Error {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${code}: ${getSystemErrorMessage(-errno)}, ${syscall}`), {
    code,
    errno: -errno,
    syscall,
  });
}

/** A string of bytes as the C library wants it. */
export function cString(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'latin1');
}
