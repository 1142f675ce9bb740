/** One random service: where its data lies, what of it is backed up, as whom, and with which settings. */
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Draw, weighted } from '../draw.ts';
import { type Exclude, EXCLUDES } from '../losses/excludes.ts';

/** `reader`: root with no right but CAP_DAC_READ_SEARCH, as docs/security.md has it. */
export type User = 'root' | 'reader' | 'ordinary';
export const ORDINARY_USER = 65_534;

export interface Part {
  name: string;
  root: string;
  archivePath: string;
  select: 'all' | 'metadata-only' | 'without-metadata';
}

export interface Scene {
  base: string;
  draw: Draw;
  user: User;
  parts: Part[];
  exclude: Exclude | undefined;
  settings: Record<string, string>;
  /** what happened, for whoever reads of a fault */
  log: string[];
  /** of every command */
  ends: { verb: string; code: number | null }[];
}

const MEMORY = '/dev/shm';
const DIRECTORIES = ['data/storage', 'data/auth', 'logs', 'backups', 'tmp', 'home', 'to'];

export function makeScene(draw: Draw, isRoot: boolean): Scene {
  // memory holds every time, a disk does not
  const home = existsSync(MEMORY) && draw.maybe(0.85) ? MEMORY : tmpdir();
  const base = mkdtempSync(join(home, 'trees-'));
  for (const directory of DIRECTORIES) mkdirSync(join(base, directory), { recursive: true });
  const user: User = isRoot
    ? weighted(draw, [
        [7, 'root'],
        [1, 'reader'],
        [2, 'ordinary'],
      ])
    : 'ordinary';
  const named = draw.maybe(0.3);
  const included = Object.fromEntries(INCLUDES.map((name) => [name, named || draw.maybe(0.85)]));
  if (!Object.values(included).includes(true)) included['AUTH'] = true;
  const parts = named ? namedParts(base, draw) : standardParts(base, included);
  const exclude = draw.maybe(0.25) ? draw.pick(EXCLUDES) : undefined;
  const settings = {
    ...(named ? { PATHS: parts.map(({ name, root }) => `${name}:${root}`).join(',') } : {}),
    ...Object.fromEntries(INCLUDES.map((name) => [`INCLUDE_${name}`, String(included[name])])),
    ...(exclude && { EXCLUDE: exclude.pattern }),
    ...drawEngine(draw),
  };
  return {
    base,
    draw,
    user,
    parts,
    exclude,
    settings,
    ends: [],
    log: [`${base} as ${user}: ${JSON.stringify(settings)}`],
  };
}

const INCLUDES = ['STORAGE', 'AUTH', 'LOGS', 'METADATA'];

function drawEngine(draw: Draw): Record<string, string> {
  const COMPRESSION = draw.pick(['gzip', 'gzip', 'gzip', 'zstd', 'zstd', 'none', 'bzip2', 'xz']);
  return {
    COMPRESSION,
    COMPRESSION_LEVEL: String(1 + draw.below(COMPRESSION === 'xz' ? 3 : 9)),
    ENGINE_CODEC: draw.pick(['own', 'own', 'zlib']),
    VERIFY_AFTER_BACKUP: String(draw.maybe(0.7)),
    LINK_UNCHANGED: String(draw.maybe(0.5)),
    THREADS: String(draw.maybe(0.1) ? 2 : 1),
    NICE: '0',
  };
}

function standardParts(base: string, included: Record<string, boolean>): Part[] {
  const storage = { root: join(base, 'data/storage'), archivePath: 'data/storage' };
  const { STORAGE, METADATA, AUTH, LOGS } = included;
  return [
    ...(STORAGE
      ? [{ ...storage, name: 'storage', select: METADATA ? 'all' : 'without-metadata' } as const]
      : []),
    ...(METADATA && !STORAGE ? [{ ...storage, name: 'metadata', select: 'metadata-only' } as const] : []),
    ...(AUTH
      ? [{ name: 'auth', root: join(base, 'data/auth'), archivePath: 'data/auth', select: 'all' } as const]
      : []),
    ...(LOGS
      ? [{ name: 'logs', root: join(base, 'logs'), archivePath: 'logs', select: 'all' } as const]
      : []),
  ];
}

/** In DATA_DIR, at two depths, beside it and outside. */
function namedParts(base: string, draw: Draw): Part[] {
  const all: [name: string, path: string, archivePath: string][] = [
    ['one', 'data/storage', 'data/storage'],
    ['two', 'data/auth/with space/deep', 'data/auth/with space/deep'],
    ['up', 'logs', 'up'],
    ['far', 'elsewhere/\u00e9', 'far'],
  ];
  const chosen = all.filter(() => draw.maybe(0.6));
  return (chosen.length === 0 ? all : chosen).map(([name, path, archivePath]) => {
    const root = join(base, path);
    mkdirSync(root, { recursive: true });
    return { name, root: root.normalize(), archivePath, select: 'all' };
  });
}
