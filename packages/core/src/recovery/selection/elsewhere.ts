/** `--to DIR`: no component's place. */
import { linkedRoot } from '@gofr-backup/archive';
import {
  type BackupPlan,
  type Component,
  displayPath,
  type RestoreRequest,
  toBytePath,
} from '@gofr-backup/model';
import { isWithin } from '@gofr-backup/posix';
import { leadsInto, linkOnTheWay, resolvedDirectory } from '../roots.ts';
import type { Target } from '../target.ts';
import { usage } from '../usage.ts';
import { chosenComponents } from './components.ts';
import { assertHasRequested, type Survey } from './survey.ts';

/** `--to`: the archive as it is, below a directory of its own. */
export function elsewhere(request: RestoreRequest, plan: BackupPlan, survey: Survey): Target {
  assertHasRequested(survey);
  const linked = linkOnTheWay(plan, request.to!);
  if (linked !== undefined) throw linkedRoot(displayPath(linked));
  const place = resolvedDirectory(plan, request.to!);
  if (leadsInto(place, '/', survey.withheld, survey.ground))
    throw usage(`${displayPath(place)} lies inside the backup directory`, 'only backups belong there');
  const chosen = request.only === undefined ? undefined : chosenComponents(plan, request.only);
  const layOver = (component: Component) => component.select === 'metadata-only';
  const ofComponents = chosen?.flatMap((component) => {
    const archivePath = toBytePath(component.archivePath);
    return layOver(component) ? survey.metadata.filter((path) => isWithin(path, archivePath)) : [archivePath];
  });
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
