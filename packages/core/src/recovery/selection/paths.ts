/** `--path`: single files and directories, each in the component that holds it. */
import {
  BackupError,
  type BackupPlan,
  type BytePath,
  displayPath,
  joinPath,
  type RestoreRequest,
  toBytePath,
} from '@gofr-backup/model';
import { isDirectory, isWithin } from '@gofr-backup/posix';
import type { Ground } from '../ground/ground.ts';
import { leadsInto } from '../roots.ts';
import type { Selection, Target } from '../target.ts';
import { notConfigured, usage } from '../usage.ts';
import { chosenComponents, groupByRoot, type Source, targetOf, withoutNested } from './components.ts';
import { assertHasRequested, type Survey } from './survey.ts';

export function forPaths(plan: BackupPlan, request: RestoreRequest, survey: Survey): Selection {
  assertHasRequested(survey);
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
  return [below(targetOf(source, plan, request, survey), path, survey.ground)];
}

/** When directories above the path are missing, the topmost missing one is what comes in. */
function below(whole: Target, path: BytePath, ground: Ground): Target {
  const parts = path.slice(whole.archivePath.length + 1).split('/');
  let { place, archivePath } = whole;
  for (const part of parts) {
    const here = ground.lstat(place);
    if (!here) break;
    if (!isDirectory(here)) throw notADirectory(place, path);
    place = joinPath(place, part);
    archivePath = joinPath(archivePath, part);
  }
  if (leadsInto(place, whole.place, whole.withheld, ground))
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

export function archivePathOf(text: string): BytePath {
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

function notADirectory(place: BytePath, path: BytePath): BackupError {
  return new BackupError('USAGE', `"${displayPath(path)}" cannot be restored by itself`, {
    why: `${displayPath(place)} is no directory here (a link is never followed)`,
    hint: `Restore the directory above it, or use --to DIR.`,
  });
}
