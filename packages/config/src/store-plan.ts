import { BackupError, type RetentionPolicy, type StorePlan } from '@gofr-backup/model';
import { retentionOf } from './plan.ts';
import type { Settings } from './settings.ts';
import { againstCopying, type StoreSettings } from './stores.ts';

/** For who copies; throws CONFIG when a store has not the keys that copies are made for. */
export function copyPlansFrom(settings: Settings): StorePlan[] {
  const reasons = settings.stores.map(againstCopying).filter((reason) => reason !== undefined);
  if (reasons.length === 0) return storePlansFrom(settings);
  throw new BackupError('CONFIG', 'Nothing can be copied to a store', {
    why: reasons.join('; '),
    hint: 'Make both keys with `gofr-backup key new`, or set OFFSITE_RECOVERY=none if one must do.',
  });
}

/** Where copies lie; empty: nowhere. The plans hold secrets. */
export function storePlansFrom(settings: Settings): StorePlan[] {
  const local = retentionOf(settings);
  return settings.stores.map((store) => planOf(store, local));
}

/** The plan of a store that the settings do not name, with what they say for all stores. It is for reading. */
export const storePlanOf = (settings: Settings, name: string, url: string): StorePlan =>
  planOf({ ...settings, name, offsiteUrl: url, offsiteSameDevice: true }, retentionOf(settings));

function planOf(store: Omit<StoreSettings, 'origins'>, local: RetentionPolicy): StorePlan {
  return {
    name: store.name,
    url: store.offsiteUrl,
    credentials: defined({
      accessKey: store.offsiteAccessKey,
      secretKey: store.offsiteSecretKey,
      password: store.offsitePassword,
      sshKey: store.offsiteSshKey,
    }),
    encryption: store.offsiteEncryption,
    recipients: store.offsiteRecipients,
    sameDevice: store.offsiteSameDevice,
    retention: retentionIn(store, local),
    verifyDays: store.offsiteVerifyDays,
    drillDays: store.offsiteDrillDays,
    ...defined({
      identity: store.offsiteIdentity,
      rate: store.offsiteRate || undefined,
      maxAgeHours: store.offsiteMaxAgeHours,
      lockDays: store.offsiteLockDays,
    }),
  };
}

/** A tier that is off here may be kept there. */
function retentionIn(store: Omit<StoreSettings, 'origins'>, local: RetentionPolicy): RetentionPolicy {
  return {
    ...local,
    ...defined({
      retentionDays: store.offsiteRetentionDays,
      maxCount: store.offsiteMaxCount,
      weeklyWeeks: store.offsiteWeeklyWeeks,
      monthlyMonths: store.offsiteMonthlyMonths,
    }),
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
