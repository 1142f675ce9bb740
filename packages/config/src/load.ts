import { closest } from 'fastest-levenshtein';
import { BackupError } from '@gofr-backup/model';
import { componentsOf, conflicts } from './components.ts';
import { type Environment, problemOf, readOrigin, type SettingProblem, variablesOf } from './origin.ts';
import type { Origin, Setting } from './setting.ts';
import type { SettingKey, Settings, Values } from './settings.ts';
import { GROUPS, SETTING_KEYS, SETTINGS, variablePrefix } from './settings.ts';
import { ownSettings, readStores, type StoreSettings } from './stores.ts';

const PROJECT = /^[a-z0-9]([a-z0-9_-]{0,38}[a-z0-9])?$/;
const DEFAULT_PROJECT = 'plot';

/**
 * The only reader of the environment. GOFR_<PROJECT>_BACKUP_X counts before BACKUP_X; set but empty counts as unset;
 * secrets also come from X_FILE. Throws one BackupError CONFIG that names everything wrong. For `recovery`, what is wrong with a
 * setting that recovery does not need is a warning, and the setting counts as unset.
 */
export function loadSettings(env: Environment = process.env, purpose: 'all' | 'recovery' = 'all'): Settings {
  const problems: SettingProblem[] = [];
  const project = readProject(env, problems);
  const prefix = variablePrefix(project);
  const origins = Object.fromEntries(
    SETTING_KEYS.map((key) => [key, readOrigin(env, prefix, SETTINGS[key], problems)]),
  ) as Record<SettingKey, Origin>;
  const values = parseAll({ project, prefix, origins, problems });
  checkTogether(values, prefix, origins, problems);
  const stores = readStores(env, { prefix, values, origins, problems });
  if (problems.length > 0) {
    if (purpose === 'all' || !problems.every((problem) => isBesideRecovery(problem, prefix, env)))
      throw configError(problems);
    return withoutThem(env, problems);
  }
  const warnings = [...unknownVariables(env, prefix, stores), ...ofOtherProjects(env, prefix)];
  return { ...(values as Values), project, stores, origins, surroundings: surroundingsOf(env), warnings };
}

/** The settings that recovery needs; a time zone it can do without, and a Redis. */
const OF_RECOVERY = [...Object.keys(GROUPS.Places), ...Object.keys(GROUPS['What is backed up'])].filter(
  (key) => key !== 'redisUrl',
);

function isBesideRecovery({ variable }: SettingProblem, prefix: string, env: Environment): boolean {
  const needed = OF_RECOVERY.flatMap((key) =>
    [prefix, 'BACKUP_'].flatMap((each) => variablesOf(SETTINGS[key as SettingKey], each)),
  );
  return variable !== 'GOFR_PROJECT' && !needed.includes(variable) && env[variable] !== undefined;
}

function withoutThem(env: Environment, problems: SettingProblem[]): Settings {
  const wrong = new Set(problems.map(({ variable }) => variable));
  const rest = Object.fromEntries(Object.entries(env).filter(([name]) => !wrong.has(name)));
  const settings = loadSettings(rest, 'recovery');
  const told = problems.map((problem) => `${renderProblem(problem)}; going on without it`);
  return { ...settings, warnings: [...told, ...settings.warnings] };
}

/** No setting among them: the others may be secrets. */
const SURROUNDINGS = ['PATH', 'HOME', 'LANG', 'TZ'];

const surroundingsOf = (env: Environment): Record<string, string> =>
  Object.fromEntries(SURROUNDINGS.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));

function readProject(env: Environment, problems: SettingProblem[]): string {
  const given = env.GOFR_PROJECT?.trim() || DEFAULT_PROJECT;
  if (PROJECT.test(given)) return given;
  problems.push({
    variable: 'GOFR_PROJECT',
    value: given,
    reason: 'is not a project name',
    allowed: 'lower-case letters, digits and dashes, at most 40',
    example: 'plot',
  });
  return DEFAULT_PROJECT;
}

interface Reading {
  project: string;
  prefix: string;
  origins: Record<SettingKey, Origin>;
  problems: SettingProblem[];
}

const UNSET = { success: true, data: undefined } as const;

function parseAll({ project, prefix, origins, problems }: Reading): Partial<Values> {
  const given = (key: string) => {
    const origin = origins[key as SettingKey];
    return origin.variable === null ? undefined : origin.text;
  };
  const values: Record<string, unknown> = {};
  for (const key of SETTING_KEYS) {
    const setting: Setting<unknown> = SETTINGS[key];
    const origin = origins[key];
    origin.text ??=
      typeof setting.default === 'function' ? setting.default({ project, given }) : setting.default;
    const result = origin.text === undefined ? UNSET : setting.kind.schema.safeParse(origin.text);
    const kept = origin.text === undefined ? undefined : keptByEnvFile(setting, origin.text);
    if (kept !== undefined) problems.push(problemOf(setting, prefix, origin, kept));
    else if (result.success) values[key] = result.data;
    else problems.push(problemOf(setting, prefix, origin, result.error.issues[0]?.message ?? 'is wrong'));
  }
  return values as Partial<Values>;
}

/** What an env file's reader may leave in a value, because it is no shell. */
function keptByEnvFile({ kind, name, secret }: Setting<unknown>, text: string): string | undefined {
  if (kind.free || (secret === 'whole' && !name.endsWith('URL'))) return undefined;
  if (/^(["'])[^"']*\1$/.test(text)) return 'has quotes around it, which belong to the value: leave them out';
  if (/\s#/.test(text))
    return 'has a comment behind it, which belongs to the value: put it on a line of its own';
  return undefined;
}

/** Rules between settings; each is checked only when the settings it is about were themselves right. */
function checkTogether(
  values: Partial<Values>,
  prefix: string,
  origins: Record<SettingKey, Origin>,
  problems: SettingProblem[],
): void {
  const report = (key: SettingKey, reason: string) =>
    problems.push(problemOf(SETTINGS[key], prefix, origins[key], reason));
  const { compression, compressionLevel: level } = values;
  if (level !== undefined && level > 9 && compression !== undefined && compression !== 'zstd') {
    report('compressionLevel', `is above 9, the highest of ${compression}`);
  }
  const placed = ['dataDir', 'logsDir', 'backupDir', 'paths'].every((key) => key in values);
  if (!placed) return;
  const blame: SettingKey = values.paths === undefined ? 'logsDir' : 'paths';
  const sources = values as Values;
  for (const reason of conflicts(componentsOf(sources), sources.backupDir)) {
    report(reason.includes('BACKUP_DIR') ? 'backupDir' : blame, `does not fit: ${reason}`);
  }
}

function configError(problems: SettingProblem[]): BackupError {
  const count = problems.length === 1 ? 'One setting is' : `${problems.length} settings are`;
  return new BackupError('CONFIG', `${count} not valid`, {
    why: problems.map(renderProblem).join('\n'),
    details: { problems },
  });
}

function renderProblem({ variable, value, reason, allowed, example }: SettingProblem): string {
  const shown = value === undefined ? variable : `${variable}=${JSON.stringify(value)}`;
  return `${shown} ${reason}; it must be ${allowed}, for example ${example}`;
}

/** By whoever copied a file of settings, or changed GOFR_PROJECT: nothing else would say that they count for nothing. */
function ofOtherProjects(env: Environment, prefix: string): string[] {
  const known = SETTING_KEYS.flatMap((key) => variablesOf(SETTINGS[key] as Setting<unknown>, ''));
  return Object.keys(env)
    .sort()
    .flatMap((variable) => {
      const [, name = ''] = /^GOFR_[A-Z0-9_]+?_BACKUP_(.+)$/.exec(variable) ?? [];
      if (variable.startsWith(prefix) || !env[variable]?.trim() || !known.includes(name)) return [];
      return `${variable} is of another project, and counts for nothing here; did you mean ${prefix}${name}, or GOFR_PROJECT?`;
    });
}

function unknownVariables(env: Environment, prefix: string, stores: StoreSettings[]): string[] {
  const settings = [...SETTING_KEYS.map((key): Setting<unknown> => SETTINGS[key]), ...ownSettings(stores)];
  const known = settings.flatMap((setting) => variablesOf(setting, prefix));
  return Object.keys(env)
    .filter((name) => name.startsWith(prefix) && env[name]?.trim() && !known.includes(name))
    .sort()
    .map((name) => `${name} is not a setting; did you mean ${closest(name, known)}?`);
}
