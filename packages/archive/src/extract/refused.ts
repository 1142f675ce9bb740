/**
 * Attributes that the target, or the rights of this process, do not permit: the content is right without them. They are
 * counted, one warning a kind.
 */
import { type BytePath, displayPath, errnoOf, formatCount, type Warning } from '@gofr-backup/model';

const KINDS = ['owner', 'mode', 'time', 'xattrs', 'privileges'] as const;
export type RefusedKind = (typeof KINDS)[number];

interface Refusal {
  count: number;
  /** one of them, and why */
  path: BytePath;
  why: string;
}

/** Plain data: threads send it. */
export type Refused = Partial<Record<RefusedKind, Refusal>>;

/** What the kernel and file systems say when they will not: no right, no such owner here, no such attribute, no room for it. */
const NOT_PERMITTED = new Set([
  ...['EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'],
  ...['ENOSPC', 'E2BIG', 'ERANGE', 'EOVERFLOW'],
]);

/** Runs `change`; a refusal is noted, any other error is thrown. */
export function unlessRefused(
  refused: Refused,
  kind: RefusedKind,
  path: BytePath,
  change: () => void,
): boolean {
  try {
    change();
    return true;
  } catch (error) {
    if (!NOT_PERMITTED.has(errnoOf(error) ?? '')) throw error;
    refuse(refused, kind, path, error instanceof Error ? error.message : String(error));
    return false;
  }
}

export function refuse(refused: Refused, kind: RefusedKind, path: BytePath, why: string): void {
  const before = refused[kind];
  if (before) before.count++;
  else refused[kind] = { count: 1, path, why };
}

export function addRefused(total: Refused, more: Refused): void {
  for (const kind of KINDS) {
    const [before, now] = [total[kind], more[kind]];
    if (before && now) before.count += now.count;
    else if (now) total[kind] = { ...now };
  }
}

const TEXTS: Record<RefusedKind, { what: string; hint: string }> = {
  owner: { what: 'the owner', hint: 'as root, on a file system that keeps owners, it can be set' },
  mode: {
    what: 'all of the mode',
    hint: 'setuid and setgid come back only with the owner that they stand for',
  },
  time: { what: 'the modification time', hint: 'this file system does not keep it' },
  xattrs: { what: 'all extended attributes', hint: 'ACLs and capabilities are among them' },
  privileges: {
    what: 'setuid, setgid or capabilities',
    hint: 'when you trust who made it, restore with --trust-modes',
  },
};

/** The code of a warning about attributes of this kind. */
export const notRestored = (kind: RefusedKind): string => `${kind}-not-restored`;

export function warningsOf(refused: Refused): Warning[] {
  return KINDS.flatMap((kind) => {
    const refusal = refused[kind];
    if (!refusal) return [];
    const { what, hint } = TEXTS[kind];
    const { count, path, why } = refusal;
    const message = `${formatCount(count, 'entry', 'entries')} came back without ${what} (${why}; the first: ${displayPath(path)}): ${hint}`;
    return [{ code: notRestored(kind), message }];
  });
}
