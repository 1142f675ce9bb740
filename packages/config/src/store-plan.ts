import type { RetentionPolicy, StorePlan } from '@gofr-backup/model';
import { retentionOf } from './plan.ts';
import type { Settings } from './settings.ts';
import type { StoreSettings } from './stores.ts';

/** Where copies go; empty: nowhere. The plans hold secrets. */
export function storePlansFrom(settings: Settings): StorePlan[] {
  const local = retentionOf(settings);
  return settings.stores.map((store) => ({
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
    ...defined({
      identity: store.offsiteIdentity,
      rate: store.offsiteRate || undefined,
      maxAgeHours: store.offsiteMaxAgeHours,
      lockDays: store.offsiteLockDays,
    }),
  }));
}

/** A tier that is off here may be kept there. */
function retentionIn(store: StoreSettings, local: RetentionPolicy): RetentionPolicy {
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
