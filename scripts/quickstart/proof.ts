/** The point of a backup: losing the data and having it back, compared file by file. */
import { formatCount } from '@gofr-backup/model/format';
import { rmSync, statfsSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { run } from '../steps.ts';
import { CommandError, gofrBackup, showCommand } from './commands.ts';
import { PlaygroundError, type Playground, shown } from './playground.ts';
import { bytesBelow, differences, digestTree, type TreeDigest } from './tree-digest.ts';

const SAMPLE_PARTS = ['data', 'logs'];

export interface Snapshot {
  parts: Map<string, TreeDigest>;
  files: number;
  bytes: number;
  takenMs: number;
}

/** What is there now, to hold the restored files against. */
export async function takeSnapshot(playground: Playground): Promise<Snapshot> {
  const takenMs = Date.now();
  const parts = new Map<string, TreeDigest>();
  for (const [name, directory] of sourcesOf(playground)) parts.set(name, await digestTree(directory));
  const facts = [...parts.values()]
    .flatMap((digest) => [...digest.values()])
    .filter(({ type }) => type === 'file');
  return { parts, takenMs, files: facts.length, bytes: facts.reduce((sum, { size }) => sum + size, 0) };
}

/** A backup and a restored copy must fit beside the checkout. */
export function checkRoom(playground: Playground): void {
  const { bavail, bsize } = statfsSync(playground.root);
  const wanted =
    2 * [...sourcesOf(playground).values()].reduce((sum, directory) => sum + bytesBelow(directory), 0);
  if (bavail * bsize >= wanted) return;
  throw new PlaygroundError(
    `${Math.ceil(wanted / 2 ** 20)} MB are needed below quickstart-data for a backup and a restored copy, and ` +
      `${Math.floor((bavail * bsize) / 2 ** 20)} MB are free.\nMake room, or take a smaller directory.`,
  );
}

/**
 * Lets `sha256sum` and `tar` judge the archive: no program of ours is needed on the bad day. The sample is compared
 * by tar with what lies on disk; an own directory lies elsewhere than in the archive, so it is only decoded.
 */
export async function readWithPlainTools({ root, own }: Playground, archive: string): Promise<void> {
  const [directory, name] = [dirname(archive), basename(archive)];
  const commands = [
    `cd ${shown(directory)}`,
    `sha256sum -c ${name}.sha256`,
    own === undefined
      ? `tar --compare -zf ${name} -C ${relative(directory, root)}`
      : `tar -tzf ${name} | wc -l`,
  ];
  for (const command of commands) {
    showCommand(command);
    if (command.startsWith('cd ')) continue;
    const { code } = await run('bash', ['-o', 'pipefail', '-c', command], { live: true, cwd: directory });
    if (code !== 0) throw new CommandError(`\`${command}\` ended with ${code} in ${shown(directory)}.`);
  }
}

/** Sample data: really destroyed and restored. A user's directory: restored beside it. Answers the files compared. */
export async function loseAndRestore(playground: Playground, before: Snapshot): Promise<string> {
  if (playground.own === undefined) {
    showCommand(`rm -rf ${shown(playground.root)}/{data/{storage,auth},logs}`);
    for (const part of ['data/storage', 'data/auth', 'logs'])
      rmSync(join(playground.root, part), { recursive: true });
    await gofrBackup(playground, 'restore', '--latest', '--yes', '--no-safety-backup');
  } else {
    await gofrBackup(
      playground,
      'restore',
      '--latest',
      '--to',
      shown(join(playground.root, 'restored')),
      '--yes',
    );
  }
  return compare(playground, before);
}

async function compare(playground: Playground, before: Snapshot): Promise<string> {
  let meanwhile = 0;
  for (const [name, expected] of before.parts) {
    const restored =
      playground.own === undefined ? join(playground.root, name) : join(playground.root, 'restored/data');
    const found = differences(expected, await digestTree(restored));
    const changed =
      playground.own === undefined ? new Set<string>() : await changedSince(playground.own, before);
    const real = found.filter(({ path }) => !changed.has(path));
    meanwhile += found.length - real.length;
    if (real.length > 0) {
      const listed = real.slice(0, 10).map(({ path, what }) => `  ${name}/${path}: ${what}`);
      throw new CommandError(
        `${real.length} of the restored files are not as they were:\n${listed.join('\n')}`,
      );
    }
  }
  return meanwhile === 0
    ? ''
    : `${formatCount(meanwhile, 'file')} changed while this ran and ${meanwhile === 1 ? 'was' : 'were'} left out of the comparison`;
}

/** Files of a directory in use that cannot be compared: changed, come or gone since, or databases with a journal. */
async function changedSince(own: string, before: Snapshot): Promise<Set<string>> {
  const now = await digestTree(own);
  const then = [...before.parts.values()][0] ?? new Map();
  const paths = [...new Set([...now.keys(), ...then.keys()])].filter((path) => {
    const fact = now.get(path);
    const journaled = [path, path.replace(/-(wal|shm|journal)$/, '')].some(
      (base) => now.has(`${base}-wal`) || now.has(`${base}-journal`),
    );
    return !fact || !then.has(path) || fact.touchedMs >= before.takenMs || journaled;
  });
  return new Set(paths);
}

function sourcesOf({ root, own }: Playground): Map<string, string> {
  return own === undefined
    ? new Map(SAMPLE_PARTS.map((part) => [part, join(root, part)]))
    : new Map([['data', own]]);
}
