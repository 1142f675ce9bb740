/** What a round found wrong: a command that failed, or a difference nobody was told of. */
import { displayPath } from '@gofr-backup/model';
import type { Said } from './command.ts';
import type { Difference } from './differences.ts';

export interface Fault {
  /** what was done */
  step: string;
  what: Difference['what'] | 'failed';
  path?: string;
  words: string;
}

export const failureOf = (step: string, { code, answer, stderr }: Said): Fault => ({
  step,
  what: 'failed',
  words: `exit ${code}: ${text(answer['error'] ?? answer)} ${stderr.slice(-300)}`,
});

/** Names may be very long. */
const text = (answer: unknown): string => JSON.stringify(answer).replaceAll(/(.{2,60}?)\1{3,}/g, '$1…$1');

/** What a warning must speak of to have told a difference. */
const TELLS: Partial<Record<Difference['what'], RegExp>> = {
  mtime: /time/,
  owner: /owner|belongs/,
  missing: /left out|not restored|may not be read/,
};
/** Of files that cannot be linked where they lie now; it names some, with the name each lost. */
const SPLIT = /^were one file in the backup and come back as two, .*?: (.*?)(, and \d+ more)?$/s;
/** Of a mount: all below it is as it was. */
const STAYS = / stays as it is: /;

/** Differences of which no warning told, at the path itself or, of what is missing, above it. */
export function untold(step: string, found: Iterable<Difference>, warnings: string[]): Fault[] {
  return [...found]
    .filter(({ path, what }) => !warnings.some((warning) => tells(warning, path, what)))
    .map((difference) => ({ step, ...difference }));
}

/** Only a mount may keep two names of one file apart. */
export const withoutSplits = (warnings: string[]): string[] =>
  warnings.filter((warning) => !SPLIT.test(warning));

function tells(warning: string, path: string, what: Difference['what']): boolean {
  const split = SPLIT.exec(warning);
  if (split !== null)
    return what === 'hard links' && (split[2] !== undefined || split[1]!.includes(displayPath(path)));
  const stays = STAYS.test(warning);
  if (TELLS[what]?.test(warning) !== true && !stays) return false;
  const parts = path.split('/');
  const told = what === 'missing' || stays ? parts.map((_, n) => parts.slice(0, n + 1).join('/')) : [path];
  return told.some((one) => warning.startsWith(displayPath(one)));
}

export const textOf = ({ step, what, path, words }: Fault): string =>
  `${step.slice(0, 100)}: ${what}${path === undefined ? '' : ` ${JSON.stringify(path).slice(0, 300)}`}: ${words}`;
