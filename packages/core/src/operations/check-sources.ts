/** Checks the sources before a backup: an empty or unmounted volume must not become the newest backup. */
import type { Dirent } from 'node:fs';
import { stat } from 'node:fs/promises';
import {
  BackupError,
  type CatalogueEntry,
  type Component,
  formatCount,
  isErrno,
  isSelected,
  type Selection,
  toBytePath,
  type Warning,
} from '@gofr-backup/model';
import { entriesBelow } from '@gofr-backup/posix';

type SourceState = 'missing' | 'empty' | 'filled';

/**
 * Warnings for components that are not there. NOTHING_TO_BACK_UP when none is, or when all are empty although the
 * last good backup had files.
 */
export async function checkSources(
  components: readonly Component[],
  lastGood: CatalogueEntry | undefined,
): Promise<Warning[]> {
  const states = await Promise.all(components.map(stateOf));
  const missing = components.filter((_, place) => states[place] === 'missing');
  if (missing.length === components.length)
    throw nothingToBackUp(`none of the directories to back up exists (${rootsOf(components)})`, components);
  if (!states.includes('filled')) refuseEmptied(components, lastGood);
  return missing.map(missingComponent);
}

/**
 * A backup without files would let older backups be pruned, so it is only made when the last good backup had no files
 * either.
 */
export function refuseEmptied(components: readonly Component[], lastGood: CatalogueEntry | undefined): void {
  if (lastGood?.files === 0) return;
  const before =
    lastGood &&
    `, but ${lastGood.filename} has ${lastGood.files === undefined ? 'some files' : formatCount(lastGood.files, 'file')}`;
  throw nothingToBackUp(`there is no file in it that EXCLUDE does not leave out${before ?? ''}`, components);
}

export const missingComponent = ({ name, root }: Pick<Component, 'name' | 'root'>): Warning => ({
  code: 'missing-component',
  path: root,
  message: `component ${name} is on, but ${root} does not exist`,
});

async function stateOf(component: Component): Promise<SourceState> {
  try {
    const status = await stat(component.root);
    if (!status.isDirectory()) return 'filled';
    return (await hasFile(component.root, component.select)) ? 'filled' : 'empty';
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return 'missing';
    // There is something; the archive step reports what is wrong with it.
    return 'filled';
  }
}

async function hasFile(directory: string, select: Selection): Promise<boolean> {
  for await (const { name, entry } of entriesBelow(toBytePath(directory)))
    if (isArchived(entry) && isSelected(select, name)) return true;
  return false;
}

const rootsOf = (components: readonly Component[]): string => components.map(({ root }) => root).join(', ');

const isArchived = (entry: Dirent<Buffer>): boolean => entry.isFile() || entry.isSymbolicLink();

const nothingToBackUp = (why: string, components: readonly Component[]): BackupError =>
  new BackupError('NOTHING_TO_BACK_UP', 'There is nothing to back up', {
    why,
    details: { components: components.map(({ name, root }) => `${name}: ${root}`) },
  });
