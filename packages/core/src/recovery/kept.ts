/** Paths that a restore left alone although the archive has them too: reported, and not counted as restored. */
import type { ExtractReport } from '@gofr-backup/archive';
import { type BytePath, displayPath } from '@gofr-backup/model';
import type { Ground } from './ground/ground.ts';
import { countFiles } from './present-data.ts';

/** The content of `place` stayed; the archive's content for it is still at `staged`. */
export interface Kept {
  place: BytePath;
  staged: BytePath;
}

const NAMED = 5;

export function withoutKept(report: ExtractReport, kept: readonly Kept[], ground: Ground): ExtractReport {
  const left = countFiles(
    kept.map(({ staged }) => staged),
    [],
    ground,
  );
  if (left.files === 0) return report;
  const named = kept.slice(0, NAMED).map(({ place }) => displayPath(place));
  const more = kept.length > NAMED ? ` and ${kept.length - NAMED} more` : '';
  const message = `${left.files} of the backup's files were not restored: EXCLUDE, a mount or the backup directory keeps what is there: ${named.join(', ')}${more}`;
  return {
    files: report.files - left.files,
    bytes: Math.max(0, report.bytes - left.bytes),
    warnings: [...report.warnings, { code: 'kept', message }],
  };
}
