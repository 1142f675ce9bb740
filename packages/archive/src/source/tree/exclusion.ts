/**
 * What EXCLUDE leaves out, in the language of .gitignore (https://git-scm.com/docs/gitignore) with braces. A pattern is
 * matched against the path inside the archive, its control characters escaped. Backup and restore ask this one matcher.
 */
import { expand } from 'brace-expansion';
import ignore, { type Ignore } from 'ignore';
import { type BytePath, globPath } from '@gofr-backup/model';

/** Whether a path inside the archive is left out. What lies below a directory that is left out is left out, too. */
export type Exclusion = (path: BytePath, isDirectory: boolean) => boolean;

/**
 * The library remembers every path it was asked for. After this many paths a fresh copy of the rules takes its place.
 */
const MOST_REMEMBERED = 10_000;

/** undefined: nothing is left out. Later patterns win, as in .gitignore. */
export function exclusionOf(patterns: readonly string[]): Exclusion | undefined {
  if (patterns.length === 0) return undefined;
  const rules = patterns.flatMap(rulesOf);
  const fresh = (): Ignore => ignore({ ignorecase: false, allowRelativePaths: true }).add(rules);
  let matcher = fresh();
  let asked = 0;
  return (path, isDirectory) => {
    if (++asked % MOST_REMEMBERED === 0) matcher = fresh();
    return matcher.ignores(isDirectory ? `${globPath(path)}/` : globPath(path));
  };
}

/** Why a pattern cannot mean anything, as a clause; undefined when it can. */
export function exclusionProblem(pattern: string): string | undefined {
  const body = pattern.replace(/^!/, '');
  if (body.startsWith('#'))
    return 'is a comment in the language of .gitignore (a name that begins with # is \\#…)';
  if (/^\/*$/.test(body)) return 'names nothing';
  if (/^["']|(?:^|[^\\])["']$/.test(body))
    return 'has quotes around it, which would be part of the names (leave them out, or write \\" for one in a name)';
  if (/(?:^|[^\\])(?:\\\\)*\\$/.test(body)) return 'ends with a backslash that escapes nothing';
  const open = unclosed(body);
  if (open !== undefined)
    return `has ${open} that is not closed (a name with one is written with a backslash before it)`;
  if (hasBackwardRange(body)) return 'has a range that runs backwards, which matches nothing';
  if (rulesOf(pattern).some(hasEmptyPart))
    return 'has an empty, "." or ".." part, which no path in an archive has';
  return undefined;
}

/** One pattern for each of its braces' words. `./` is the archive's root, as a leading slash is. */
function rulesOf(pattern: string): string[] {
  const rooted = pattern.replace(/^(!?)(?:\.\/)+/, '$1/').replace(/^(!?)\/+/, '$1/');
  // An escaped backslash must survive the expansion unchanged.
  return rooted.includes('{') ? expand(rooted.replaceAll('\\\\', '\\\\\\\\')) : [rooted];
}

function hasBackwardRange(pattern: string): boolean {
  const classes = pattern.replaceAll(/\\./gs, '').match(/\[[^\]]+\]/g) ?? [];
  return classes.some((one) => [...one.matchAll(/([^[!^])-([^\]])/g)].some(([, from, to]) => from! > to!));
}

function hasEmptyPart(rule: string): boolean {
  const parts = rule.replace(/^!?\//, '').replace(/^!/, '').replace(/\/$/, '').split('/');
  return parts.some((part) => part === '' || part === '.' || part === '..');
}

/** The first bracket or brace that nothing closes; an escaped one is part of a name. */
function unclosed(pattern: string): string | undefined {
  const plain = pattern.replaceAll(/\\./gs, '__').replaceAll(/\[(?=([!^]?\]?))\1[^\]]*\]/g, '_');
  if (plain.includes('[')) return 'a [';
  let depth = 0;
  for (const character of plain) {
    if (character === '{') depth++;
    else if (character === '}' && depth > 0) depth--;
  }
  return depth > 0 ? 'a {' : undefined;
}
