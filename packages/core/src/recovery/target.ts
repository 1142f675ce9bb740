/** Which places on disk a restore changes, and what of the archive goes there. */
import * as fs from 'node:fs';
import { type ArchiveReader, exclusionOf, hostile, isLack } from '@gofr-backup/archive';
import {
  type ArchiveEntry,
  BackupError,
  type BackupPlan,
  type BytePath,
  type CatalogueEntry,
  type Component,
  displayPath,
  fsPath,
  type Identity,
  joinPath,
  type RestoreRequest,
  toBytePath,
} from '@gofr-backup/model';
import { exists, isWithin, look, parentOf, realPath } from '@gofr-backup/posix';
import { leadsInto, refuseRoot } from './roots.ts';

export interface Target {
  /** names, for people; empty when it is no component */
  components: string[];
  /** absolute, every link in it resolved */
  place: BytePath;
  /** what of the archive belongs at `place`; '' is the archive's root */
  archivePath: BytePath;
  /** which of the archive's paths; each takes all below it along; absent: everything */
  paths?: BytePath[];
  /** lay over: what the archive does not have stays */
  merge: boolean;
  /** `place` itself is never renamed, only what is in it */
  stays: boolean;
  /** directories that are never touched, by whatever path they are reached: the backup directory */
  withheld: readonly Identity[];
  /** whether what is in place (relative to it) stays whatever the archive has: EXCLUDE keeps it out of every backup */
  keeps(relative: BytePath, isDirectory: boolean): boolean;
  /** whether what is in place is the target's to remove when the archive lacks it */
  owns(relative: BytePath, isDirectory: boolean): boolean;
  /** whether a file of the archive (relative to `place`) is restored */
  takes(relative: BytePath): boolean;
  /** a directory that keeps its own mode, owner and times */
  keepsAttributes(place: BytePath): boolean;
}

export interface Selection {
  targets: Target[];
  warnings: string[];
}

type Select = Component['select'];

/** One directory on disk and all that is selected of it: storage and metadata share one. */
interface Source {
  names: string[];
  root: string;
  archivePath: BytePath;
  selects: Select[];
}

/** Reads the archive's names once. Throws USAGE when the request and the archive do not fit. */
export async function selectTargets(
  plan: BackupPlan,
  request: RestoreRequest,
  entry: CatalogueEntry,
  reader: ArchiveReader,
  withheld: readonly Identity[],
): Promise<Selection> {
  const survey = await surveyArchive(reader, plan.components, (request.paths ?? []).map(archivePathOf));
  const { targets, warnings } = targetsFor(plan, request, entry, { ...survey, withheld });
  return { targets, warnings: [...lacking(entry), ...warnings] };
}

function targetsFor(
  plan: BackupPlan,
  request: RestoreRequest,
  entry: CatalogueEntry,
  survey: Survey,
): Selection {
  if (request.to !== undefined) return { targets: [elsewhere(request, plan, survey)], warnings: [] };
  if (survey.misplaced) throw misplacedRoot(survey.misplaced);
  if (request.paths !== undefined) return forPaths(plan, request, survey);
  return forComponents(plan, request, entry, survey);
}

/** Replacing with an incomplete backup removes what it lacks. */
function lacking({ status, warnings = [] }: CatalogueEntry): string[] {
  if (status !== 'incomplete') return [];
  const paths = warnings.filter(isLack).map(({ path = '?' }) => path);
  const named = paths.length > 5 ? [...paths.slice(0, 5), `${paths.length - 5} more`] : paths;
  return [`this backup is incomplete, it lacks what could not be read: ${named.join(', ') || 'some files'}`];
}

/** What the archive holds of what is asked for, and what no restore touches. */
interface Survey {
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

async function surveyArchive(
  reader: ArchiveReader,
  components: Component[],
  paths: BytePath[],
): Promise<Omit<Survey, 'withheld'>> {
  const survey: Omit<Survey, 'withheld'> = {
    foreign: [],
    present: new Set(),
    requested: new Map(paths.map((path) => [path, false])),
    metadata: [],
  };
  const sources = components.map((component) => ({ ...component, bytes: toBytePath(component.archivePath) }));
  for await (const entry of reader.entries()) {
    const holders = sources.filter(
      ({ bytes, select }) =>
        isWithin(entry.path, bytes) && (entry.type === 'directory' || selects(select, entry.path)),
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

/** Nothing that a backup makes: what would be staged behind it is somebody else's. A component may be one file. */
function standsFor({ path, type }: ArchiveEntry, component: BytePath): boolean {
  if (type === 'directory' || !isWithin(component, path)) return false;
  return path !== component || type === 'symlink';
}

/** The directories above a component (`data`) belong to nobody and disturb nobody. */
function isForeign(entry: ArchiveEntry, sources: { bytes: BytePath }[]): boolean {
  return !(entry.type === 'directory' && sources.some(({ bytes }) => isWithin(bytes, entry.path)));
}

function forComponents(
  plan: BackupPlan,
  request: RestoreRequest,
  entry: CatalogueEntry,
  survey: Survey,
): Selection {
  if (request.only === undefined && survey.foreign.length > 0) throw notConfigured(survey.foreign);
  const warnings: string[] = [];
  const wanted = chosenComponents(plan, request.only).filter((component) => {
    if (inArchive(component, entry, survey)) return true;
    warnings.push(`${component.name} is not in this backup: ${component.root} stays as it is`);
    return false;
  });
  if (wanted.length === 0)
    throw usage('There is nothing to restore', `the archive has none of: ${names(plan)}`);
  const targets = withoutNested(groupByRoot(wanted)).map((source) => targetOf(source, plan, request, survey));
  return { targets, warnings };
}

/** `--only metadata` is understood also when storage holds the metadata files as its own. */
function chosenComponents(plan: BackupPlan, only: string[] | undefined): Component[] {
  if (only === undefined) return plan.components;
  return only.map((name) => {
    const component = plan.components.find((candidate) => candidate.name === name);
    if (component) return component;
    const storage = plan.components.find((candidate) => candidate.name === 'storage');
    if (name === 'metadata' && storage?.select === 'all')
      return { ...storage, name, select: 'metadata-only' };
    throw usage(`There is no component "${name}"`, `configured are: ${names(plan)}`);
  });
}

/** The manifest knows what was switched on; without it, what is in the archive counts. */
function inArchive(component: Component, entry: CatalogueEntry, survey: Survey): boolean {
  if (component.select === 'metadata-only') return survey.metadata.length > 0;
  return survey.present.has(component.name) || (entry.components?.includes(component.name) ?? false);
}

function groupByRoot(components: Component[]): Source[] {
  const sources = new Map<string, Source>();
  for (const { name, root, archivePath, select } of components) {
    const source = sources.get(root) ?? {
      names: [],
      root,
      archivePath: toBytePath(archivePath),
      selects: [],
    };
    source.names.push(name);
    source.selects.push(select);
    sources.set(root, source);
  }
  return [...sources.values()];
}

/** A component inside another is restored with it. */
function withoutNested(sources: Source[]): Source[] {
  const holds = (outer: Source, inner: Source) =>
    outer !== inner &&
    outer.selects.includes('all') &&
    isWithin(inner.root, outer.root) &&
    isWithin(inner.archivePath, outer.archivePath);
  return sources.filter((inner) => !sources.some((outer) => holds(outer, inner)));
}

function targetOf(source: Source, plan: BackupPlan, request: RestoreRequest, survey: Survey): Target {
  const { archivePath, selects: kinds, names: components } = source;
  const takes = (relative: BytePath) => kinds.some((select) => selects(select, relative));
  const layOver = kinds.every((select) => select === 'metadata-only');
  const excluded = exclusionOf(plan.exclude);
  const keeps: Target['keeps'] = (relative, isDirectory) =>
    excluded?.(joinPath(archivePath, relative), isDirectory) ?? false;
  refuseRoot(plan, source.root, survey.withheld);
  return {
    components,
    place: resolvePlace(toBytePath(source.root)),
    archivePath,
    paths: layOver ? survey.metadata.filter((path) => isWithin(path, archivePath)) : [archivePath],
    merge: layOver || request.merge === true,
    stays: false,
    withheld: survey.withheld,
    keeps,
    owns: (relative, isDirectory) => (isDirectory || takes(relative)) && !keeps(relative, isDirectory),
    takes,
    keepsAttributes: () => layOver,
  };
}

function forPaths(plan: BackupPlan, request: RestoreRequest, survey: Survey): Selection {
  for (const [path, found] of survey.requested)
    if (!found)
      throw usage(`"${displayPath(path)}" is not in this backup`, 'no entry of the archive has this path');
  const paths = [...survey.requested.keys()].filter(
    (path, _, all) => !all.some((other) => other !== path && isWithin(path, other)),
  );
  const sources = groupByRoot(chosenComponents(plan, request.only));
  const targets = paths.flatMap((path) => targetsOfPath(path, sources, plan, request, survey));
  return { targets: onePerPlace(targets), warnings: [] };
}

/** Two paths below one missing directory come in with it, in one move. */
function onePerPlace(targets: Target[]): Target[] {
  return [...Map.groupBy(targets, ({ place }) => place).values()].map(([first, ...others]) => ({
    ...first!,
    paths: [...new Set([first!, ...others].flatMap(({ paths }) => paths ?? []))],
  }));
}

/** A path above components stands for them; below one, for that one file or directory. */
function targetsOfPath(
  path: BytePath,
  sources: Source[],
  plan: BackupPlan,
  request: RestoreRequest,
  survey: Survey,
): Target[] {
  const inside = sources.filter((source) => isWithin(source.archivePath, path));
  if (inside.length > 0)
    return withoutNested(inside).map((source) => targetOf(source, plan, request, survey));
  const [source] = sources
    .filter((candidate) => isWithin(path, candidate.archivePath))
    .sort((a, b) => b.archivePath.length - a.archivePath.length);
  if (!source) throw notConfigured([path]);
  return [below(targetOf(source, plan, request, survey), path)];
}

/** When directories above the path are missing, the topmost missing one is what comes in. */
function below(whole: Target, path: BytePath): Target {
  const parts = path.slice(whole.archivePath.length + 1).split('/');
  let { place, archivePath } = whole;
  for (const part of parts) {
    const here = look(place);
    if (!here) break;
    if (!here.isDirectory()) throw notADirectory(place, path);
    place = joinPath(place, part);
    archivePath = joinPath(archivePath, part);
  }
  if (leadsInto(place, whole.place, whole.withheld))
    throw usage(
      `"${displayPath(path)}" lies inside the backup directory here`,
      'nothing is restored over it',
    );
  const prefix = archivePath.slice(whole.archivePath.length + 1);
  const inWhole = (relative: BytePath) => [prefix, relative].filter((part) => part !== '').join('/');
  return {
    ...whole,
    components: [],
    place,
    archivePath,
    paths: [path],
    keeps: (relative, isDirectory) => whole.keeps(inWhole(relative), isDirectory),
    owns: (relative, isDirectory) => whole.owns(inWhole(relative), isDirectory),
    takes: (relative) => whole.takes(inWhole(relative)),
  };
}

/** `--to`: the archive as it is, below a directory of its own. */
function elsewhere(request: RestoreRequest, plan: BackupPlan, survey: Survey): Target {
  for (const [path, found] of survey.requested)
    if (!found)
      throw usage(`"${displayPath(path)}" is not in this backup`, 'no entry of the archive has this path');
  const place = resolvePlace(toBytePath(request.to!));
  if (leadsInto(place, '/', survey.withheld))
    throw usage(`${request.to} lies inside the backup directory`, 'only backups belong there');
  const chosen = request.only === undefined ? undefined : chosenComponents(plan, request.only);
  const layOver = (component: Component) => component.select === 'metadata-only';
  const ofComponents = chosen?.flatMap((component) =>
    layOver(component) ? survey.metadata : [toBytePath(component.archivePath)],
  );
  const paths = request.paths === undefined ? ofComponents : [...survey.requested.keys()];
  return {
    components: [],
    place,
    archivePath: '',
    ...(paths && { paths }),
    merge: true,
    stays: true,
    withheld: survey.withheld,
    keeps: () => false,
    owns: () => false,
    takes: () => true,
    keepsAttributes: (directory) => directory === place,
  };
}

/**
 * The places are still what they were when they were chosen: a safety backup and an extraction take minutes, in which
 * the application may have put links or the backup directory there. Throws FAILED; nothing was swapped in.
 */
export function assertUnmoved(targets: Target[]): void {
  for (const { components, place, stays, withheld } of targets) {
    // one path of the archive may itself be a link: that one is moved, never followed
    const isPath = components.length === 0 && !stays;
    const home = nearestAbove(isPath ? parentOf(place) : place);
    if (realPath(home) === home && !leadsInto(home, '/', withheld)) continue;
    throw new BackupError('FAILED', `${displayPath(place)} is no longer what it was when the restore began`, {
      why: 'something put a symlink or another directory there meanwhile',
      hint: 'Nothing was replaced. Stop the services that write there, and run the restore again.',
    });
  }
}

function nearestAbove(path: BytePath): BytePath {
  return exists(path) || path === '/' ? path : nearestAbove(parentOf(path));
}

/** Whether an archive path is one of `paths`, or lies below one. */
export function within(paths: BytePath[] | undefined): (path: BytePath) => boolean {
  if (paths === undefined) return () => true;
  const known = new Set(paths);
  return (path) => {
    for (let at = path.length; at > 0; at = path.lastIndexOf('/', at - 1))
      if (known.has(path.slice(0, at))) return true;
    return false;
  };
}

/** As in the settings: `metadata.json` and `*.metadata.json`. */
export function isMetadata(path: BytePath): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name === 'metadata.json' || name.endsWith('.metadata.json');
}

function selects(select: Select, path: BytePath): boolean {
  return select === 'all' || (select === 'metadata-only') === isMetadata(path);
}

/** A root that is a link stays one: what it leads to is restored. What does not exist yet is kept as it is written. */
export function resolvePlace(path: BytePath): BytePath {
  const absolute = path.length > 1 ? path.replace(/\/+$/, '') : path;
  if (exists(absolute)) {
    if (!fs.existsSync(fsPath(absolute)))
      throw usage(`${displayPath(absolute)} is a link that leads nowhere`, 'nothing can be restored there');
    return realPath(absolute);
  }
  const parent = parentOf(absolute);
  return parent === absolute
    ? absolute
    : joinPath(resolvePlace(parent), absolute.slice(absolute.lastIndexOf('/') + 1));
}

function archivePathOf(text: string): BytePath {
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  if (text.startsWith('/') || parts.includes('..') || parts.length === 0)
    throw usage(
      `"${text}" is no path inside an archive`,
      'such a path is relative, like data/storage/charts',
    );
  return bytesOfDisplayed(parts.join('/'));
}

/** The reverse of displayPath: what `files` prints can be given back. */
function bytesOfDisplayed(text: string): BytePath {
  return toBytePath(text).replace(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
}

const names = (plan: BackupPlan): string =>
  plan.components.map((component) => component.name).join(', ') || 'none';

function usage(message: string, why: string): BackupError {
  return new BackupError('USAGE', message, {
    why,
    hint: 'See `gofr-backup restore --help` and `gofr-backup files NAME`.',
  });
}

function misplacedRoot({ entry, component }: NonNullable<Survey['misplaced']>): BackupError {
  return hostile(entry.path, `it is a ${entry.type} where the directory of ${component} must be`);
}

function notConfigured(foreign: BytePath[]): BackupError {
  return new BackupError('USAGE', 'This backup holds what is not configured here', {
    why: `no component is responsible for: ${foreign.map(displayPath).join(', ')}`,
    hint:
      'Restore it with `--to DIR` into another directory, restore the rest with `--only NAME,NAME`, ' +
      'or switch the missing component on (INCLUDE_…, PATHS).',
  });
}

function notADirectory(place: BytePath, path: BytePath): BackupError {
  return new BackupError('USAGE', `"${displayPath(path)}" cannot be restored by itself`, {
    why: `${displayPath(place)} is no directory here (a link is never followed)`,
    hint: `Restore the directory above it, or use --to DIR.`,
  });
}
