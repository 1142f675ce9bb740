/** The archive taken apart by a program of others. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isMissing } from '@gofr-backup/testing';
import type { Python } from '../python.ts';
import { archivedOf } from './archived.ts';
import { type Difference, differences } from './differences.ts';
import { type Fault, untold } from './faults.ts';
import { latin } from './growth.ts';
import { askFor, pictureOf } from './picture.ts';
import type { Made } from './steps.ts';
import type { Scene } from './scene.ts';

interface Tool {
  unpack(archive: string, to: string, python: Python): Promise<unknown> | void;
  /** what it cannot bring back, from any archive */
  loses(difference: Difference): boolean;
  cannotRead?: string;
  /** what it says and ends with 1, although it brings everything back */
  complains?: RegExp;
}

// bsdtar converts names, and fails at some of them, where the locale is another
const env = { ...process.env, LC_ALL: 'C.UTF-8' };
const run = (program: string, ...args: string[]): void =>
  void execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env });

/** libarchive takes the fraction of a time before 1970 for one after it. */
const isEarlyTime = ({ what, words }: Difference): boolean => what === 'mtime' && words.startsWith('-');

const TOOLS: Record<string, Tool> = {
  tar: {
    unpack: (archive, to) => run('tar', '--numeric-owner', '-xpf', archive, '-C', to),
    // small holes are archived as zeros, which it writes
    loses: ({ what }) => what === 'holes',
  },
  bsdtar: {
    unpack: (archive, to) => run('bsdtar', '--numeric-owner', '-xpf', archive, '-C', to),
    loses: (one) => one.what === 'holes' || isEarlyTime(one),
    // of a file with holes whose name is no UTF-8
    complains:
      /^bsdtar: (Pathname can't be converted from UTF-8 to current locale|Error exit delayed from previous errors)\.$/,
  },
  python3: {
    unpack: (archive, to, python) => askFor(python, 'unpack', archive, to),
    loses: ({ what }) => what === 'mtime' || what === 'holes',
    cannotRead: 'zst',
  },
};

function isKnown(error: unknown, complains: RegExp | undefined): boolean {
  const { stderr = '' } = error as { stderr?: Buffer | string };
  const lines = String(stderr).trim().split('\n');
  return complains !== undefined && lines.every((line) => complains.test(line));
}

/** What is deeper none of them makes, from any archive. */
const PATH_MAX = 4096;

export async function tryTool(scene: Scene, python: Python, made: Made): Promise<Fault[]> {
  const { base, draw } = scene;
  const name = draw.pick(Object.keys(TOOLS));
  if (isMissing(name) || process.getuid?.() !== 0) return [];
  const { unpack, loses, cannotRead = '', complains } = TOOLS[name]!;
  if (made.filename.endsWith(`.${cannotRead}`)) return [];
  const to = join(base, 'to', name);
  const archived = archivedOf(scene, made.picture);
  if ([...archived.keys()].some((path) => `${to}/${path}`.length >= PATH_MAX)) return [];
  mkdirSync(to);
  try {
    await unpack(join(base, 'backups/daily', made.filename), to, python);
  } catch (error) {
    if (!isKnown(error, complains))
      return [{ step: name, what: 'failed', words: String(error).slice(0, 1500) }];
  }
  const actual = await pictureOf(python, [['', latin(to)]]);
  const found = [...differences(archived, actual)].filter((one) => !loses(one));
  return untold(name, found, made.warnings);
}
