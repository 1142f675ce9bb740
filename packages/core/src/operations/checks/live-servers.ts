/**
 * Data directories of database servers among what is backed up. A server writes several files of them at once: copied
 * file by file they are not of one moment, and no server promises to start from such a copy. SQLite is not among them: its
 * databases are copied consistently.
 */
import {
  type BytePath,
  type Component,
  displayPath,
  type Identity,
  isErrno,
  isOneOf,
  joinPath,
  toBytePath,
  type Warning,
} from '@gofr-backup/model';
import { DirectoryHandle, isDirectory } from '@gofr-backup/posix';

export interface Server {
  name: string;
  /** names that lie side by side in its data directory; a `*` at the end stands for any rest */
  marks: readonly string[];
  /** the command that dumps it */
  dump: string;
}

/** The first that fits counts. */
export const SERVERS: readonly Server[] = [
  { name: 'PostgreSQL', marks: ['PG_VERSION', 'postmaster.pid'], dump: 'pg_dumpall' },
  { name: 'MySQL or MariaDB', marks: ['ibdata1'], dump: 'mysqldump --all-databases --single-transaction' },
  { name: 'MongoDB', marks: ['WiredTiger.lock'], dump: 'mongodump' },
  {
    name: 'Prometheus',
    marks: ['chunks_head', 'wal'],
    dump: 'its snapshot API (/api/v1/admin/tsdb/snapshot)',
  },
  { name: 'Redis with an append-only file', marks: ['appendonlydir'], dump: 'redis-cli --rdb' },
  { name: 'Redis with an append-only file', marks: ['appendonly.aof'], dump: 'redis-cli --rdb' },
  { name: 'etcd', marks: ['snap', 'wal'], dump: 'etcdctl snapshot save' },
  { name: 'Elasticsearch or OpenSearch', marks: ['node.lock', '_state'], dump: 'its snapshot API' },
  { name: 'InfluxDB', marks: ['influxd.bolt'], dump: 'influx backup' },
  { name: 'ClickHouse', marks: ['status', 'uuid', 'metadata'], dump: 'BACKUP TABLE' },
  { name: 'LMDB', marks: ['data.mdb', 'lock.mdb'], dump: 'mdb_copy' },
  {
    name: 'RocksDB',
    marks: ['CURRENT', 'LOCK', 'MANIFEST-*', 'OPTIONS-*'],
    dump: 'a checkpoint of its program',
  },
  { name: 'LevelDB', marks: ['CURRENT', 'LOCK', 'MANIFEST-*'], dump: 'an export of its program' },
];

/** Pure: the server whose data directory has these names. */
export function serverOf(names: readonly string[]): Server | undefined {
  const has = (mark: string): boolean =>
    mark.endsWith('*') ? names.some((name) => name.startsWith(mark.slice(0, -1))) : names.includes(mark);
  return SERVERS.find(({ marks }) => marks.every(has));
}

export interface LiveServer {
  server: Server;
  /** in the archive, display form */
  path: string;
}

/** A server's directory lies at the top of a volume, or little below it. */
const MOST_LEVELS = 4;
/** Looks at names, so that a tree of a million files costs no more than a large one. */
const MOST_LOOKS = 20_000;

/** Looks into the upper directories of the components. No link is followed; what cannot be read is passed over. */
export function liveServers(components: readonly Component[], withheld: readonly Identity[]): LiveServer[] {
  const found: LiveServer[] = [];
  const search = { found, withheld, looks: 0 };
  for (const { root, archivePath, select } of components) {
    if (select === 'metadata-only') continue;
    passingOver(() => {
      using top = DirectoryHandle.open(toBytePath(root), { follow: true });
      lookInto(top, toBytePath(archivePath), 0, search);
    });
  }
  return found;
}

interface Search {
  found: LiveServer[];
  withheld: readonly Identity[];
  looks: number;
}

function lookInto(directory: DirectoryHandle, path: BytePath, level: number, search: Search): void {
  if (isOneOf(directory.stat(), search.withheld)) return;
  const names = directory.names();
  const server = serverOf(names);
  if (server !== undefined) {
    search.found.push({ server, path: displayPath(path) });
    return;
  }
  if (level === MOST_LEVELS) return;
  for (const name of names) {
    if (search.looks++ > MOST_LOOKS) return;
    passingOver(() => {
      const status = directory.lstat(name);
      if (status === undefined || !isDirectory(status)) return;
      using below = directory.openDirectory(name);
      lookInto(below, joinPath(path, name), level + 1, search);
    });
  }
}

const PASSED_OVER = ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM', 'EIO', 'ESTALE'];

function passingOver(look: () => void): void {
  try {
    look();
  } catch (error) {
    if (!isErrno(error, ...PASSED_OVER)) throw error;
  }
}

export const liveServerText = ({ server, path }: LiveServer): string =>
  `${path} is the data directory of a ${server.name} server: copied file by file it may not start again`;

export const liveServerHint = ({ server, path }: LiveServer): string =>
  `Dump it in PRE_COMMAND (${server.dump}) to a file among the data, and leave ${path} out by EXCLUDE; or stop the server for the backup.`;

export const liveServerWarning = (live: LiveServer): Warning => ({
  code: 'live-server',
  path: live.path,
  message: `${liveServerText(live)}. ${liveServerHint(live)}`,
});
