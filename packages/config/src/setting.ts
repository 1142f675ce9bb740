import type { Kind } from './kinds.ts';

/** What a default may depend on. */
export interface DefaultContext {
  project: string;
  /** the text another setting was given, undefined when it has its default */
  given(key: string): string | undefined;
}

export const SERVICES = ['scheduler', 'worker', 'dashboard'] as const;
export type Service = (typeof SERVICES)[number];

/** One thing an operator can set. Everything that is written about it is made from this. */
export interface Setting<T> {
  /** `X` of GOFR_<PROJECT>_BACKUP_X and BACKUP_X */
  name: string;
  kind: Kind<T>;
  /** as an operator would write it; absent: unset is a state of its own */
  default?: string | ((context: DefaultContext) => string);
  /** how documents describe a computed default */
  defaultText?: string;
  meaning: string;
  example: string;
  /** one more variable that counts when neither prefixed one is set, e.g. `TZ` */
  bare?: string;
  /** the services that use it; default: all. A compose file gives a secret to these alone */
  usedBy?: readonly Service[];
  /** `whole`: never shown; `url`: shown without its password. Either may also come from X_FILE. */
  secret?: 'whole' | 'url';
}

/** Where a value came from. */
export interface Origin {
  /** the variable's full name (with _FILE when it was read from a file); null: the default */
  variable: string | null;
  /** as the operator wrote it, or the default; undefined: unset. Never logged for a secret. */
  text: string | undefined;
}

export function setting<T>(
  definition: Setting<T> & { default: string | ((context: DefaultContext) => string) },
): Setting<T> {
  return definition;
}

export function optional<T>(definition: Setting<T>): Setting<T | undefined> {
  return definition as Setting<T | undefined>;
}
