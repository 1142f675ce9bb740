import { displayPath } from '@gofr-backup/model';
import { writeFiles } from '../commands/files.ts';
import type { Session } from '../session.ts';
import type { StoreOptions } from './given.ts';
import { withCopy } from './with-copy.ts';

/** `files --store`: from the index of the copy alone. */
export function run(
  session: Session,
  [name = 'latest', path]: string[],
  options: StoreOptions,
): Promise<void> {
  return withCopy(session, options, name, async (copy, filename) => {
    const wanted = path?.replace(/\/+$/, '');
    async function* entries() {
      for await (const entry of copy.entries()) {
        const shown = displayPath(entry.path);
        if (!wanted || shown === wanted || shown.startsWith(`${wanted}/`)) yield entry;
      }
    }
    await writeFiles(session, entries(), filename);
  });
}
