import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { BackupError } from '@gofr-backup/model';
import type { Session } from '../../session.ts';

/** The dashboard's own entry: beside this one in the sources, in a build, and in the image. */
const ENTRIES = ['../../../../dashboard/src/main.ts', '../../dashboard/dist/main.js', '../dashboard/main.js'];

export async function run(session: Session): Promise<void> {
  const entry = ENTRIES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find(existsSync);
  if (entry === undefined) {
    throw new BackupError('FAILED', 'The dashboard is not part of this installation', {
      why: 'its files were not found',
      hint: 'Use the container image, or run from a checkout.',
    });
  }
  session.releaseSignals();
  await import(pathToFileURL(entry).href);
  await new Promise<never>(() => {});
}
