import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { ignoring } from '@gofr-backup/model';

/** Makes the names in `directory` durable. File systems that cannot sync a directory are left as they are. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync().catch(ignoring('EINVAL', 'ENOTSUP'));
  } finally {
    await handle.close();
  }
}
