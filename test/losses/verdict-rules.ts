/** None is called what it is not, and what is there can be used. */
import type { Backup } from './backups.ts';
import { WORK_DIRECTORY } from './growth.ts';
import { planOf } from './project.ts';
import type { Scene } from './scene.ts';
import { placeOf } from './world.ts';

/** What was called good, damaged or latest without being so. */
export function* wrongVerdicts(scene: Scene): Generator<string> {
  const { world, command, before, after, answer } = scene;
  for (const [name, status] of after.statuses)
    if (status === 'corrupt' && before.statuses.get(name) !== 'corrupt' && !world.damaged.has(name))
      yield `CONDEMNED ${name}: marked corrupt by ${command.kind}, but nobody damaged it`;
  if ((command.kind !== 'restore' && command.kind !== 'drill') || !command.words.includes('latest')) return;
  const name = (answer as { backup?: string } | undefined)?.backup;
  const chosen = before.backups.find((one) => one.name === name);
  if (chosen === undefined) return;
  if (chosen.prefix !== command.project.prefix) yield `LATEST is ${name}, of another project`;
  if (chosen.at > world.clock.now() && latestOf(scene) !== undefined)
    yield `LATEST is ${name}, of the future`;
}

/** Neither may an archive of ours be refused that nobody damaged, nor may made-up work directories stop anything. */
export function* lockedOut({ world, command, error }: Scene): Generator<string> {
  if (error === undefined) return;
  const why = `${error.message}: ${error.why}`;
  if (why.includes(WORK_DIRECTORY)) yield `BLOCKED by a made-up work directory: ${why}`;
  const isRefusal = ['ARCHIVE_HOSTILE', 'ARCHIVE_DAMAGED'].includes(error.code);
  if (command.kind === 'restore' && isRefusal && world.damaged.size === 0) yield `LOCKED OUT: ${why}`;
}

/** The newest own one that is not of the future. */
function latestOf({ world, command, before }: Scene): Backup | undefined {
  const own = before.backups.filter(
    ({ prefix, at, inTrash }) => prefix === command.project.prefix && !inTrash && at <= world.clock.now(),
  );
  return own.filter(({ name }) => before.statuses.get(name) === 'good').toSorted((a, b) => b.at - a.at)[0];
}

/** A backup that is called good holds every byte that no pattern excludes, and no other backup. */
export function* badBackups(scene: Scene): Generator<string> {
  const { world, command, before, after, archives, answer } = scene;
  const made = (answer as { backup?: { filename?: string } } | undefined)?.backup?.filename;
  const backup = after.backups.find(({ name }) => name === made);
  if (command.kind !== 'backup' || backup === undefined) return;
  const held = archives.heldBy(backup.sha256);
  const others = new Set(before.backups.map(({ sha256 }) => `file ${sha256}`));
  for (const [path, bytes] of held) if (others.has(bytes)) yield `SWALLOWED ${path} by ${backup.name}`;
  const { components } = planOf(command.project);
  for (const [path, { kind, bytes }] of before.items) {
    const place = placeOf(world, path);
    if (place?.project !== command.project || (kind !== 'file' && kind !== 'link')) continue;
    const { archivePath } = place;
    const isWanted = components.some(
      (one) => one.select === 'all' && archivePath.startsWith(`${one.archivePath}/`),
    );
    if (!isWanted || /(^|\/)\.gofr-restore-/.test(archivePath)) continue;
    const isExcluded = command.project.excludes.some(({ takes }) => takes(archivePath));
    if (!isExcluded && held.get(archivePath) !== bytes)
      yield `NOT IN THE GOOD BACKUP ${JSON.stringify(archivePath)}`;
    if (isExcluded && held.has(archivePath))
      yield `EXCLUDED, BUT IN THE BACKUP ${JSON.stringify(archivePath)}`;
  }
}
