import type { BackupPlan, RetentionPolicy } from '@gofr-backup/model';
import { componentsOf } from './components.ts';
import type { Settings } from './settings.ts';

/** The settings in the core's terms. Needs nothing but the settings: it looks at no file. */
export function planFrom(settings: Settings): BackupPlan {
  return {
    project: settings.project,
    prefix: settings.prefix,
    timezone: settings.timezone,
    backupDir: settings.backupDir,
    ...(settings.keyDir === undefined ? {} : { keyDir: settings.keyDir }),
    dataDir: settings.dataDir,
    components: componentsOf(settings),
    exclude: settings.exclude,
    xattrs: settings.xattrs,
    followRootLinks: settings.followRootLinks,
    codec: { name: settings.compression, level: settings.compressionLevel, engine: settings.engineCodec },
    threads: settings.threads,
    readThreads: settings.readThreads,
    nice: settings.nice,
    ...(settings.readRate ? { readRate: settings.readRate } : {}),
    verifyAfterBackup: settings.verifyAfterBackup,
    linkUnchanged: settings.linkUnchanged,
    retention: retentionOf(settings),
    trashDays: settings.trashDays,
    minFree: settings.minFree,
    ...(settings.preCommand === undefined ? {} : { preCommand: settings.preCommand }),
    ...(settings.postCommand === undefined ? {} : { postCommand: settings.postCommand }),
    commandEnvironment: settings.surroundings,
    commandTimeout: settings.commandTimeout,
  };
}

export function retentionOf(settings: Settings): RetentionPolicy {
  return {
    retentionDays: settings.retentionDays,
    maxCount: settings.maxCount,
    keepLast: settings.keepLast,
    ...(settings.enableWeekly ? { weeklyWeeks: settings.weeklyRetentionWeeks } : {}),
    ...(settings.enableMonthly ? { monthlyMonths: settings.monthlyRetentionMonths } : {}),
    timezone: settings.timezone,
    unverifiedIsGood: !settings.verifyAfterBackup,
    anomalyPercent: settings.anomalyPercent,
  };
}
