/** Where the content of an entry lies. */
import type { BytePath } from '@gofr-backup/model';
import { openRegularSync, openSource } from '@gofr-backup/posix';
import type { WalkEntry } from './source.ts';

type Place = Pick<WalkEntry, 'path' | 'root'>;

/** The path from the open directory on. */
export const pathBelow = ({ path, root }: Place): BytePath => root.prefix + path.slice(root.cut);

/** The path on disk. By the time it is used it may lead elsewhere. */
export const pathOnDisk = (entry: Place): BytePath => entry.root.path + pathBelow(entry);

/** Opens the file itself, or what stands for it. No link is followed. */
export const openContent = (entry: Place & Pick<WalkEntry, 'contentPath'>): number =>
  entry.contentPath === undefined
    ? openSource(entry.root.fd, pathBelow(entry))
    : openRegularSync(entry.contentPath);
