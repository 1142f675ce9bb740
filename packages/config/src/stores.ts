/** The stores of OFFSITE_URL and OFFSITES: every setting of a store is its own where it is given, else that of all. */
import { type Environment, problemOf, readOrigin, type SettingProblem } from './origin.ts';
import type { Origin, Setting } from './setting.ts';
import { ONLY_STORE } from './store-kinds.ts';
import { offsiteStore } from './settings/offsite.ts';

type StoreKey = keyof typeof offsiteStore;
type StoreValues = {
  [K in StoreKey]: (typeof offsiteStore)[K] extends Setting<infer T> ? T : never;
};

export interface StoreSettings extends StoreValues {
  /** one of OFFSITES; `offsite`: that of OFFSITE_URL */
  name: string;
  offsiteUrl: string;
  origins: Record<StoreKey, Origin>;
}

interface Read {
  prefix: string;
  values: Partial<StoreValues & { offsites: string[] }>;
  origins: Record<StoreKey, Origin>;
  problems: SettingProblem[];
}

const STORE_KEYS = Object.keys(offsiteStore) as StoreKey[];

export function readStores(env: Environment, read: Read): StoreSettings[] {
  const named = (read.values.offsites ?? []).map((name) => readStore(env, name, read));
  return [onlyStore(read), ...named].filter((store) => store !== undefined);
}

function onlyStore({ values, origins }: Read): StoreSettings | undefined {
  if (values.offsiteUrl === undefined) return undefined;
  const own = Object.fromEntries(STORE_KEYS.map((key) => [key, values[key]]));
  return { ...own, name: ONLY_STORE, origins } as StoreSettings;
}

/** The settings that stores have under names of their own, given or not. */
export function ownSettings(stores: StoreSettings[]): Setting<unknown>[] {
  return stores.flatMap((store) =>
    isOnly(store) ? [] : STORE_KEYS.map((key) => ownSetting(store.name, key)),
  );
}

/** Those that were given. */
export function ownSettingsOf(store: StoreSettings): { setting: Setting<unknown>; origin: Origin }[] {
  return ownSettings([store]).flatMap((setting, at) => {
    const origin = store.origins[STORE_KEYS[at]!];
    return origin.variable?.replace(/_FILE$/, '').endsWith(setting.name) ? [{ setting, origin }] : [];
  });
}

const isOnly = ({ name }: StoreSettings): boolean => name === ONLY_STORE;

/** OFFSITE_<NAME>_X for OFFSITE_X. */
function ownSetting(store: string, key: StoreKey): Setting<unknown> {
  const of: Setting<unknown> = offsiteStore[key];
  const name = `OFFSITE_${store.toUpperCase().replaceAll('-', '_')}_${of.name.slice('OFFSITE_'.length)}`;
  return { ...of, name };
}

function readStore(env: Environment, name: string, read: Read): StoreSettings | undefined {
  const values: Partial<Record<StoreKey, unknown>> = {};
  const origins: Partial<Record<StoreKey, Origin>> = {};
  for (const key of STORE_KEYS) {
    const own = ownSetting(name, key);
    const origin = readOrigin(env, read.prefix, own, read.problems);
    const isOwn = origin.text !== undefined || key === 'offsiteUrl';
    origins[key] = isOwn ? origin : read.origins[key];
    values[key] = isOwn ? valueOf(own, origin, read) : read.values[key];
  }
  if (values.offsiteUrl !== undefined) return { ...values, name, origins } as StoreSettings;
  if (origins.offsiteUrl?.text === undefined)
    read.problems.push(
      problemOf(ownSetting(name, 'offsiteUrl'), read.prefix, UNSET, `is not set, but OFFSITES names ${name}`),
    );
  return undefined;
}

const UNSET: Origin = { variable: null, text: undefined };

function valueOf(setting: Setting<unknown>, origin: Origin, { prefix, problems }: Read): unknown {
  if (origin.text === undefined) return undefined;
  const result = setting.kind.schema.safeParse(origin.text);
  if (result.success) return result.data;
  problems.push(problemOf(setting, prefix, origin, result.error.issues[0]?.message ?? 'is wrong'));
  return undefined;
}

/** Why nothing can be copied to the store; undefined: it can. The loss of one key must not be the loss of all copies. */
export function againstCopying({ name, ...store }: StoreSettings): string | undefined {
  const { offsiteEncryption, offsiteRecipients, offsiteRecovery } = store;
  const least = offsiteRecovery === 'none' ? 1 : 2;
  if (offsiteEncryption !== 'age' || new Set(offsiteRecipients).size >= least) return undefined;
  return least === 2
    ? `OFFSITE_RECIPIENTS of the store ${name} names fewer than two keys, one of operation and one of recovery`
    : `OFFSITE_RECIPIENTS of the store ${name} names no key`;
}
