/** One command with what there was before it and is after it. */
import { lstatSync } from 'node:fs';
import type { BackupError } from '@gofr-backup/model';
import type { Archives } from './archives.ts';
import { type Backup, backupsAmong, statusesIn } from './backups.ts';
import type { Command } from './command.ts';
import { identityOf, type Items, photograph } from './photograph.ts';
import type { World } from './world-state.ts';

export interface View {
  /** all but BACKUP_DIR */
  items: Items;
  /** what lies in BACKUP_DIR */
  inside: Items;
  backups: Backup[];
  statuses: Map<string, string>;
  /** every place where BACKUP_DIR was met */
  backupDirs: string[];
}

export interface Scene {
  world: World;
  command: Command;
  archives: Archives;
  before: View;
  after: View;
  answer: unknown;
  error?: BackupError;
}

export function view(world: World): View {
  const backupDirs: string[] = [];
  const items = photograph(world.base, (path, stats) => {
    const isIt = identityOf(stats) === world.backupIdentity;
    if (isIt) backupDirs.push(path);
    return isIt;
  });
  const home = backupDirs.find((path) => path === world.backupDir) ?? backupDirs[0];
  const inside =
    home === undefined || !lstatSync(home).isDirectory() ? new Map() : photograph(home, () => false);
  const backups = home === undefined ? [] : backupsAmong(home, inside);
  return { items, inside, backups, statuses: statusesIn(world.backupDir), backupDirs };
}

export async function play(world: World, command: Command, archives: Archives): Promise<Scene> {
  const before = view(world);
  const end = await command.run().then(
    (answer) => ({ answer }),
    (error: unknown) => ({ answer: undefined, error: error as BackupError }),
  );
  const after = view(world);
  for (const backup of [...before.backups.filter(({ path }) => after.inside.has(path)), ...after.backups])
    await archives.read(backup).catch(() => {});
  return { world, command, archives, before, after, ...end };
}
