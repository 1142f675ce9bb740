/** The command line as each kind of user calls it. */
import { join } from 'node:path';
import { codeCacheOf } from '@gofr-backup/testing';
import { follow, MAIN } from '../command-line.ts';
import { ORDINARY_USER, type Scene, type User } from './scene.ts';

export interface Said {
  args: string[];
  code: number | null;
  /** of --json */
  answer: Record<string, unknown>;
  stderr: string;
}

/** Nothing here takes longer. */
const DEADLINE = 90_000;
const IDS = [`--reuid=${ORDINARY_USER}`, `--regid=${ORDINARY_USER}`, '--clear-groups'];
const STEPS_DOWN: Record<User, string[]> = {
  root: [],
  reader: ['setpriv', '--bounding-set=-all,+dac_read_search', '--inh-caps=-all', '--no-new-privs'],
  ordinary: process.getuid?.() === 0 ? ['setpriv', ...IDS] : [],
};

export async function call(scene: Scene, args: string[], user: User = scene.user): Promise<Said> {
  const [program, ...words] = [...STEPS_DOWN[user], process.execPath, MAIN, ...args, '--json'];
  const { child, ended } = follow(program!, words, envOf(scene, user), join(scene.base, 'home'));
  child.stdin.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE);
  const { code, stdout, stderr } = await ended;
  clearTimeout(timer);
  scene.log.push(`  ${args.join(' ').slice(0, 200)}: ${code}`);
  scene.ends.push({ verb: args[0]!, code });
  return { args, code, answer: parsed(stdout), stderr };
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { unreadable: text };
  }
}

const uidOf = (user: User): number =>
  user === 'ordinary' && process.getuid!() === 0 ? ORDINARY_USER : process.getuid!();

function envOf({ base, settings }: Scene, user: User): Record<string, string> {
  const own = Object.entries(settings).map(([name, value]) => [`BACKUP_${name}`, value]);
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: join(base, 'home'),
    TMPDIR: join(base, 'tmp'),
    NODE_COMPILE_CACHE: codeCacheOf(uidOf(user)),
    BACKUP_DATA_DIR: join(base, 'data'),
    BACKUP_LOGS_DIR: join(base, 'logs'),
    BACKUP_DIR: join(base, 'backups'),
    ...Object.fromEntries(own),
  };
}
