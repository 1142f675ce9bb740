/** `--only`: which components a restore concerns, and what each directory of theirs becomes. */
import { exclusionOf } from '@gofr-backup/archive';
import {
  type BackupPlan,
  type BytePath,
  type CatalogueEntry,
  type Component,
  isSelected,
  joinPath,
  type RestoreRequest,
  type Selection as FileSelection,
  toBytePath,
} from '@gofr-backup/model';
import { isWithin } from '@gofr-backup/posix';
import { placeOfRoot } from '../roots.ts';
import type { Selection, Target } from '../target.ts';
import { notConfigured, usage } from '../usage.ts';
import type { Survey } from './survey.ts';

/** One directory on disk and all that is selected of it: storage and metadata share one. */
export interface Source {
  names: string[];
  root: string;
  archivePath: BytePath;
  selects: FileSelection[];
}

export function forComponents(
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
export function chosenComponents(plan: BackupPlan, only: string[] | undefined): Component[] {
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

export function groupByRoot(components: Component[]): Source[] {
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
export function withoutNested(sources: Source[]): Source[] {
  const holds = (outer: Source, inner: Source) =>
    outer !== inner &&
    outer.selects.includes('all') &&
    isWithin(inner.root, outer.root) &&
    isWithin(inner.archivePath, outer.archivePath);
  return sources.filter((inner) => !sources.some((outer) => holds(outer, inner)));
}

export function targetOf(source: Source, plan: BackupPlan, request: RestoreRequest, survey: Survey): Target {
  const { archivePath, selects: kinds, names: components } = source;
  const takes = (relative: BytePath) => kinds.some((select) => isSelected(select, relative));
  const layOver = kinds.every((select) => select === 'metadata-only');
  const excluded = exclusionOf(plan.exclude);
  const keeps: Target['keeps'] = (relative, isDirectory) =>
    excluded?.(joinPath(archivePath, relative), isDirectory) ?? false;
  return {
    components,
    place: placeOfRoot(plan, source.root, survey.withheld, survey.ground),
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

const names = (plan: BackupPlan): string =>
  plan.components.map((component) => component.name).join(', ') || 'none';
