/** No backup is gone that retention kept, and nobody else's is touched. */
import type { Backup } from './backups.ts';
import { foreignAmong } from './backups.ts';
import { planOf } from './project.ts';
import type { Scene } from './scene.ts';

const DAY = 86_400_000;

export function* lostBackups(scene: Scene): Generator<string> {
  for (const backup of scene.before.backups) {
    const there = scene.after.backups.filter(
      ({ name, sha256 }) => name === backup.name && sha256 === backup.sha256,
    );
    if (there.length === 0) {
      const why = backup.inTrash ? staysInTrash(scene, backup) : staysInTier(scene, backup);
      if (why !== undefined) yield `BACKUP GONE ${backup.name}: ${why}`;
    } else if (!backup.inTrash && there.every(({ inTrash }) => inTrash)) {
      const why = isKept(scene, backup);
      if (why !== undefined) yield `BACKUP IN THE TRASH ${backup.name}: ${why}`;
    }
  }
}

/** Why it had to stay; undefined where it may go for good. */
function staysInTier(scene: Scene, backup: Backup): string | undefined {
  return isKept(scene, backup) ?? (trashDays(scene) > 0 ? 'TRASH_DAYS is not over' : undefined);
}

function staysInTrash(scene: Scene, { name, prefix }: Backup): string | undefined {
  const { world, command } = scene;
  if (prefix !== command.project.prefix) return 'it is of another project';
  if (!command.prunes) return `${command.kind} removes nothing`;
  const days = (world.clock.now() - (world.trashedAt.get(name) ?? 0)) / DAY;
  return days < trashDays(scene) ? 'TRASH_DAYS is not over' : undefined;
}

const trashDays = ({ command }: Scene): number => Number(command.project.settings['TRASH_DAYS']);

/** Retention in the few words a user knows of it; damage is no reason. */
function isKept({ world, command, before, after }: Scene, backup: Backup): string | undefined {
  const { retention } = planOf(command.project);
  if (backup.prefix !== command.project.prefix) return 'it is of another project';
  if (!command.prunes) return `${command.kind} removes nothing`;
  if (world.pinned.has(backup.name)) return 'undelete brought it back';
  const today = world.clock.now();
  if (backup.at > today) return 'it is dated in the future';
  const newer = [...before.backups, ...after.backups].filter(
    ({ tier, prefix, at, inTrash }) =>
      tier === backup.tier && prefix === backup.prefix && !inTrash && at <= today && at >= backup.at,
  );
  const names = new Set(newer.map(({ name }) => name).filter((name) => name !== backup.name));
  const isGood = (name: string): boolean => {
    const status = after.statuses.get(name) ?? before.statuses.get(name) ?? 'unknown';
    return status === 'good' || (retention.unverifiedIsGood && status === 'unverified');
  };
  const good = [...names].filter(isGood).length;
  // one that was damaged may be known to be so by its size
  const counts = isGood(backup.name) && !world.damaged.has(backup.name);
  if (good < Math.max(retention.keepLast, 1) && counts)
    return `${good} newer good ones, KEEP_LAST ${retention.keepLast}`;
  const unit = { daily: dayOf, weekly: weekOf, monthly: monthOf }[backup.tier]!;
  const limit = {
    daily: retention.retentionDays,
    weekly: retention.weeklyWeeks,
    monthly: retention.monthlyMonths,
  }[backup.tier];
  if (limit === undefined) return 'its tier is off';
  if (unit(today) - unit(backup.at) > limit) return undefined;
  if (backup.tier === 'daily')
    return good >= retention.maxCount ? undefined : `not older than ${limit} days, ${good} newer good ones`;
  return newer.some(({ name, at }) => name !== backup.name && unit(at) === unit(backup.at))
    ? undefined
    : `not older than ${limit}`;
}

const dayOf = (at: number): number => Math.floor(at / DAY);
/** From Sunday: 1970 began on a Thursday. */
const weekOf = (at: number): number => Math.floor((dayOf(at) + 4) / 7);
const monthOf = (at: number): number => new Date(at).getUTCFullYear() * 12 + new Date(at).getUTCMonth();

export function* touchedInBackupDir({ world, command, before, after }: Scene): Generator<string> {
  if (!after.backupDirs.includes(world.backupDir))
    yield `BACKUP_DIR is not where it was but at ${after.backupDirs.join(', ') || 'no place'}`;
  const then = foreignAmong(world.backupDir, before.inside, command.project.prefix);
  for (const [path, { bytes }] of then)
    if (after.inside.get(path)?.bytes !== bytes)
      yield `FOREIGN ${path} changed, by a command of ${command.project.prefix}`;
}
