/** A container that is started again has the environment that it was made with, whatever `.env` says by now. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isOwnDirectory, writeAtomically } from '@gofr-backup/core';
import type { Logger } from '@gofr-backup/model';
import { readTextAt } from '@gofr-backup/posix';

/** the id of a container, which Docker gives it as its name; a new one has another */
const CONTAINER = /^[0-9a-f]{12}$/;

/** Only a comfort: a directory that cannot be written keeps nothing from starting. */
export async function tellSameContainer(
  stateDir: string,
  logger: Logger,
  name: string = hostname(),
): Promise<void> {
  if (!CONTAINER.test(name) || !(await isOwnDirectory(stateDir))) return;
  const file = join(stateDir, 'container');
  const before = (await readTextAt(file).catch(() => undefined)) ?? '';
  if (before.trim() !== name) return writeAtomically(file, `${name}\n`).catch(() => {});
  logger.info(
    { container: name },
    'the same container was started again, with the environment that it was made with; a changed .env is taken over by `docker-compose up -d backup`',
  );
}
