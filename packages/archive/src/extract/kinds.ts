/** What a path of an archive is: that of its entry, or a directory that only paths below it tell of. */
import type { EntryType } from '@gofr-backup/model';

export type Kind = 'implied directory' | EntryType;

export const KINDS: readonly Kind[] = ['implied directory', 'directory', 'file', 'symlink', 'hardlink'];
