import * as fs from 'node:fs';
import type { BytePath } from '@gofr-backup/model';
import type { Ground } from '../ground/ground.ts';

/** Throws as accessSync: names can be made in the directory. */
export function assertAccess(directory: BytePath, ground: Ground): void {
  fs.accessSync(ground.directory(directory).path, fs.constants.W_OK | fs.constants.X_OK);
}
