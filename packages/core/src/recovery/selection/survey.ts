/** What the archive holds of what is asked for: one pass over its names. */
import { type ArchiveReader, hostile } from '@gofr-backup/archive';
import {
  type ArchiveEntry,
  type BackupError,
  type BytePath,
  type Component,
  displayPath,
  type Identity,
  isMetadata,
  isSelected,
  toBytePath,
} from '@gofr-backup/model';
import { isWithin } from '@gofr-backup/posix';
import type { Ground } from '../ground/ground.ts';
import { usage } from '../usage.ts';

/** Also what no restore touches, and where the places are found. */
export interface Survey {
  ground: Ground;
  withheld: readonly Identity[];
  /** a few names that no configured component holds */
  foreign: BytePath[];
  /** a link or file where a component or a directory above one must be, and that component */
  misplaced?: { entry: ArchiveEntry; component: string };
  /** component name -> it has entries in the archive */
  present: Set<string>;
  /** requested path -> the archive has it */
  requested: Map<BytePath, boolean>;
  metadata: BytePath[];
}

/** What the archive alone tells. */
type Seen = Omit<Survey, 'withheld' | 'ground'>;

export async function surveyArchive(
  reader: ArchiveReader,
  components: Component[],
  paths: BytePath[],
): Promise<Seen> {
  const survey: Seen = {
    foreign: [],
    present: new Set(),
    requested: new Map(paths.map((path) => [path, false])),
    metadata: [],
  };
  const sources = components.map((component) => ({ ...component, bytes: toBytePath(component.archivePath) }));
  for await (const entry of reader.entries()) {
    const holders = sources.filter(
      ({ bytes, select }) =>
        isWithin(entry.path, bytes) && (entry.type === 'directory' || isSelected(select, entry.path)),
    );
    for (const { name, select } of holders)
      if (entry.type !== 'directory' || select !== 'metadata-only') survey.present.add(name);
    const component = sources.find(({ bytes }) => standsFor(entry, bytes));
    if (component) survey.misplaced ??= { entry, component: component.name };
    if (holders.length === 0 && isForeign(entry, sources) && survey.foreign.length < 5)
      survey.foreign.push(entry.path);
    if (entry.type !== 'directory' && isMetadata(entry.path)) survey.metadata.push(entry.path);
    for (const path of paths) if (isWithin(entry.path, path)) survey.requested.set(path, true);
  }
  return survey;
}

/**
 * Whether a link or file stands where a component or a directory above it must be. No backup makes such an archive:
 * data staged behind the link would be another program's. A component may be one file.
 */
function standsFor({ path, type }: ArchiveEntry, component: BytePath): boolean {
  if (type === 'directory' || !isWithin(component, path)) return false;
  return path !== component || type === 'symlink';
}

/** Whether no configured component holds the entry. The directories above a component (`data`) are not foreign. */
function isForeign(entry: ArchiveEntry, sources: { bytes: BytePath }[]): boolean {
  return !(entry.type === 'directory' && sources.some(({ bytes }) => isWithin(bytes, entry.path)));
}

/** Throws USAGE for a path that was asked for and is not there. */
export function assertHasRequested({ requested }: Survey): void {
  for (const [path, found] of requested)
    if (!found)
      throw usage(`"${displayPath(path)}" is not in this backup`, 'no entry of the archive has this path');
}

export function misplacedRoot({ entry, component }: NonNullable<Survey['misplaced']>): BackupError {
  return hostile(entry.path, `it is a ${entry.type} where the directory of ${component} must be`);
}
