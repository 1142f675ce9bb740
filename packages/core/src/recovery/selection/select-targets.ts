/** Which places on disk a restore changes, and what of the archive goes there. */
import { type ArchiveReader, isLack } from '@gofr-backup/archive';
import type { BackupPlan, CatalogueEntry, Identity, RestoreRequest } from '@gofr-backup/model';
import type { Ground } from '../ground/ground.ts';
import type { Selection } from '../target.ts';
import { forComponents } from './components.ts';
import { elsewhere } from './elsewhere.ts';
import { archivePathOf, forPaths } from './paths.ts';
import { misplacedRoot, type Survey, surveyArchive } from './survey.ts';

/** Reads the archive's names once. Throws USAGE when the request and the archive do not fit. */
export async function selectTargets(
  plan: BackupPlan,
  request: RestoreRequest,
  entry: CatalogueEntry,
  reader: ArchiveReader,
  withheld: readonly Identity[],
  ground: Ground,
): Promise<Selection> {
  const survey = await surveyArchive(reader, plan.components, (request.paths ?? []).map(archivePathOf));
  const { targets, warnings } = targetsFor(plan, request, entry, { ...survey, withheld, ground });
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
