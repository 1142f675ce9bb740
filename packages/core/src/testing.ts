/** For tests and measurements: a manifest as this installation would have written it. */
import { writeFile } from 'node:fs/promises';
import { type CatalogueEntry, silentLogger, systemClock } from '@gofr-backup/model';
import { formatManifest } from './repository/catalogue/manifest.ts';
import { signList } from './repository/catalogue/signed-records.ts';
import { signingKey } from './repository/catalogue/signing-key.ts';
import { manifestPath } from './repository/layout.ts';

export async function layDownManifest(
  { backupDir, project }: { backupDir: string; project: string },
  entries: readonly CatalogueEntry[],
): Promise<void> {
  const prefix = `gofr-${project}`;
  const options = { backupDir, project, prefix, timezone: 'UTC', clock: systemClock, logger: silentLogger };
  const key = await signingKey(options);
  if (key === undefined) throw new Error('the key of the manifest cannot be made');
  const signatures = { [prefix]: signList(key, prefix, entries) };
  await writeFile(
    manifestPath(backupDir),
    formatManifest(project, '2025-12-13T03:00:00Z', entries, { signatures }),
  );
}

/** A good daily backup made at this time (ISO 8601 UTC), but for what is said otherwise. */
export function backupAt(at: string, more: Partial<CatalogueEntry> = {}): CatalogueEntry {
  const tier = more.tier ?? 'daily';
  const stamp = at.slice(0, 19).replace(/[-:]/g, '').replace('T', '_');
  const filename = `gofr-plot_${tier}_${stamp}.tar.gz`;
  return {
    ...{
      filename,
      filepath: `/backups/${tier}/${filename}`,
      tier,
      timestamp: at.slice(0, 19),
      size_bytes: 0,
    },
    ...{ verified: true, status: 'good', created_at: at, timezone: 'UTC', ...more },
  };
}
