import { flag, patterns } from '../kinds.ts';
import { pathList } from '../paths.ts';
import { optional, setting } from '../setting.ts';

const included = (name: string, meaning: string) =>
  setting({ name, kind: flag, default: 'true', meaning, example: 'false' });

export const content = {
  includeStorage: included('INCLUDE_STORAGE', '`DATA_DIR/storage`, in the archive as `data/storage/`'),
  includeAuth: included('INCLUDE_AUTH', '`DATA_DIR/auth`, in the archive as `data/auth/`'),
  includeLogs: included('INCLUDE_LOGS', '`LOGS_DIR`, in the archive as `logs/`'),
  includeMetadata: included('INCLUDE_METADATA', '`metadata.json` and `*.metadata.json` under storage'),
  paths: optional({
    name: 'PATHS',
    kind: pathList,
    meaning:
      'replaces the four components; paths are absolute or relative to DATA_DIR, and lie in the archive under ' +
      '`data/<path>` when inside DATA_DIR, else under `<name>/`',
    example: 'storage:storage,auth:auth,logs:../logs',
  }),
  exclude: setting({
    name: 'EXCLUDE',
    kind: patterns,
    default: '',
    meaning:
      'patterns of .gitignore (`*` `**` `?` `[…]` `!` and a leading or trailing `/`), with `{a,b}`, matched against the ' +
      'path inside the archive; what matches is left out of backups and stays where it is in a restore',
    example: '*.tmp,!keep.tmp,data/storage/cache/**',
  }),
  xattrs: setting({
    name: 'XATTRS',
    kind: flag,
    default: 'true',
    meaning:
      'extended attributes, POSIX ACLs and file capabilities are stored, and restored where the target keeps them',
    example: 'false',
  }),
  followRootLinks: setting({
    name: 'FOLLOW_ROOT_LINKS',
    kind: flag,
    default: 'false',
    meaning:
      'follow a symlink where a component has its directory; without it backup and restore refuse it, because the ' +
      'application could have put it there',
    example: 'true',
  }),
};
