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
