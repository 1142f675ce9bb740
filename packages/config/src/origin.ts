/** Where the text of one setting comes from, and what is said when it is wrong. */
import { codeOf, toBytePath } from '@gofr-backup/model';
import { NotRegular, readFileAt } from '@gofr-backup/posix';
import type { Origin, Setting } from './setting.ts';

export type Environment = Record<string, string | undefined>;

/** One thing wrong with the environment. `value` is absent for secrets. */
export interface SettingProblem {
  variable: string;
  value?: string;
  reason: string;
  allowed: string;
  example: string;
}

/** GOFR_<PROJECT>_BACKUP_X counts before BACKUP_X, a bare name last; set but empty counts as unset. */
export function readOrigin(
  env: Environment,
  prefix: string,
  setting: Setting<unknown>,
  problems: SettingProblem[],
): Origin {
  const names = [`${prefix}${setting.name}`, `BACKUP_${setting.name}`];
  for (const name of names) {
    const found = setting.secret ? readSecret(env, name, setting, problems) : readPlain(env, name);
    if (found) return found;
  }
  return (setting.bare && readPlain(env, setting.bare)) || { variable: null, text: undefined };
}

function readPlain(env: Environment, variable: string): Origin | undefined {
  const text = env[variable]?.trim();
  return text ? { variable, text } : undefined;
}

function readSecret(
  env: Environment,
  variable: string,
  setting: Setting<unknown>,
  problems: SettingProblem[],
): Origin | undefined {
  const direct = readPlain(env, variable);
  const file = readPlain(env, `${variable}_FILE`);
  if (!file?.text) return direct;
  const wrong = (reason: string): Origin => {
    const allowed = `given as ${variable} or as ${variable}_FILE, a file that holds it`;
    problems.push({
      variable: `${variable}_FILE`,
      value: file.text ?? '',
      reason,
      allowed,
      example: `/run/secrets/${setting.name.toLowerCase()}`,
    });
    return { variable: file.variable, text: undefined };
  };
  if (direct) return wrong(`is set, and so is ${variable}`);
  try {
    const text = readFileAt(toBytePath(file.text), { follow: true })?.replace(/\r?\n$/, '');
    if (text === undefined) return wrong('cannot be read (ENOENT)');
    return text === '' ? wrong('names an empty file') : { variable: file.variable, text };
  } catch (error) {
    if (error instanceof NotRegular) return wrong('names no regular file');
    return wrong(`cannot be read (${codeOf(error) ?? 'unknown'})`);
  }
}

export function problemOf(
  setting: Setting<unknown>,
  prefix: string,
  origin: Origin,
  reason: string,
): SettingProblem {
  return {
    variable: origin.variable ?? `${prefix}${setting.name}`,
    ...(setting.secret || origin.variable === null || origin.text === undefined
      ? {}
      : { value: withoutPassword(origin.text) }),
    reason,
    allowed: setting.kind.allowed,
    example: setting.example,
  };
}

/** A URL in which somebody wrote a password although it is no place for one. */
const withoutPassword = (text: string): string => text.replace(/(:\/\/[^/?#:@\s]*:)\S+@/g, '$1***@');

/** Under which of our own names it may be given. */
export function variablesOf({ name, secret }: Setting<unknown>, prefix: string): string[] {
  return secret ? [`${prefix}${name}`, `${prefix}${name}_FILE`] : [`${prefix}${name}`];
}
