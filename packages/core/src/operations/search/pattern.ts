/** The language of `find`: globs for names, and for paths when there is a slash in them. */
import picomatch from 'picomatch';
import { BackupError, type BackupPlan, type BytePath, toBytePath, utf8Of } from '@gofr-backup/model';

export interface PatternOptions {
  ignoreCase?: boolean;
}

/**
 * Whether a path matches. Without a slash the pattern is one for names, with one it may begin at any directory, and with a
 * slash at its beginning at the archive's root. `\xNN` is a byte, as names are shown. A name matches itself.
 */
export function pathPattern(
  plan: Pick<BackupPlan, 'components'>,
  pattern: string,
  { ignoreCase = false }: PatternOptions = {},
): (path: BytePath) => boolean {
  const asked = inArchive(plan, pattern).replace(/(?!^)\/+$/, '');
  const rooted = asked !== pattern.replace(/(?!^)\/+$/, '') || asked.startsWith('/');
  const body = asked.replace(/^(?:\.?\/)+/, '');
  if (body === '')
    throw new BackupError('USAGE', `The pattern ${JSON.stringify(pattern)} names nothing`, {
      why: 'it has no name in it',
      hint: "Give a name or a glob, e.g. gofr-backup find 'chart-*.png'.",
    });
  const bytes = globBytes(body);
  const text = utf8Of(bytes);
  const byName = !rooted && !body.includes('/');
  const whole = rooted || byName;
  const byBytes = matcherOf(bytes, whole, ignoreCase);
  const byText = text === undefined ? undefined : matcherOf(text, whole, ignoreCase);
  const itself = literalBytes(body);
  return (path) => {
    const name = byName ? path.slice(path.lastIndexOf('/') + 1) : path;
    if (name === itself) return true;
    const shown = utf8Of(name);
    return byText && shown !== undefined ? byText(shown) : byBytes(name);
  };
}

/** A path on the disk, below a component, as the path in the archive; others as they are. */
export function inArchive({ components }: Pick<BackupPlan, 'components'>, path: string): string {
  const found = components
    .filter(({ root }) => path === root || path.startsWith(`${root}/`))
    .toSorted((a, b) => b.root.length - a.root.length)[0];
  return found === undefined ? path : found.archivePath + path.slice(found.root.length);
}

/** The same for one entry, however its ends are written: `./data/` is `data`. */
export const entryPath = (plan: Pick<BackupPlan, 'components'>, path: string): string =>
  inArchive(plan, path).replace(/^(?:\.?\/)+|\/+$/g, '');

function matcherOf(glob: string, whole: boolean, nocase: boolean): (path: string) => boolean {
  return picomatch(whole ? glob : [glob, `**/${glob}`], {
    ...{ dot: true, nocase, nonegate: true, noextglob: true, strictSlashes: false },
  });
}

const ESCAPED_BYTE = /\\x([0-9a-f]{2})/g;
const byteOf = (hex: string): string => String.fromCharCode(Number.parseInt(hex, 16));

/** What is no wildcard stands for itself, in names and for picomatch alike. */
const globBytes = (pattern: string): BytePath =>
  toBytePath(pattern)
    .replace(/[()|$^+!@]/g, (character, at: number, all: string) =>
      isEscaped(all, at) || inClass(all, at) ? character : `\\${character}`,
    )
    .replace(ESCAPED_BYTE, (_, hex: string) => byteOf(hex).replace(/[^\w\u0080-\u00ff]/, String.raw`\$&`));

const literalBytes = (pattern: string): BytePath =>
  toBytePath(pattern).replace(ESCAPED_BYTE, (_, hex: string) => byteOf(hex));

const isEscaped = (text: string, at: number): boolean => /(?:^|[^\\])(?:\\\\)*\\$/.test(text.slice(0, at));
const inClass = (text: string, at: number): boolean => /\[[^\]]*$/.test(text.slice(0, at));
