/**
 * `npm run quickstart [-- /some/dir]`: the main job, once, for real: a schedule, a backup through the queue,
 * verify, list, the data lost and restored, compared file by file. Exit 0 only if all of it worked.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { styleText } from 'node:util';
import { formatCount, formatSize } from '@gofr-backup/model/format';
import { ask, CommandError, gofrBackup, type Service, startService } from './quickstart/commands.ts';
import { type Playground, PlaygroundError, preparePlayground, shown } from './quickstart/playground.ts';
import {
  checkRoom,
  loseAndRestore,
  readWithPlainTools,
  type Snapshot,
  takeSnapshot,
} from './quickstart/proof.ts';
import { since } from './steps.ts';

interface Listing {
  backups: { filename: string; tier: string; verified: boolean }[];
}

const started = performance.now();
let playground: Playground | undefined;
let service: Service | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void interrupted());
try {
  playground = preparePlayground(process.argv[2]);
  await everything(playground);
} catch (error) {
  await giveUp(error);
}

async function everything(playground: Playground): Promise<void> {
  const before = await survey(playground);
  const running = await startService(playground);
  service = running;
  console.log(`ready; next scheduled run: ${running.nextRun}`);
  await gofrBackup(playground, 'now');
  await gofrBackup(playground, 'verify', '--latest');
  await gofrBackup(playground, 'list');
  const archive = await newestArchive(playground);
  await readWithPlainTools(playground, archive);
  const note = await loseAndRestore(playground, before);
  say(
    `${formatCount(before.files, 'file')} are back, compared by SHA-256, mode and time: all as they were. ${note}`,
  );
  await gofrBackup(playground, 'status');
  service = undefined;
  await running.stop();
  sayGoodbye(playground, archive);
}

async function survey(playground: Playground): Promise<Snapshot> {
  heading('gofr-backup quickstart');
  checkRoom(playground);
  const before = await takeSnapshot(playground);
  const size = `${formatCount(before.files, 'file')}, ${formatSize(before.bytes)}`;
  console.log(
    playground.own === undefined
      ? `Sample data of a chart service: ${size}, in ${shown(playground.root)}/{data,logs}`
      : `Your directory ${playground.own}: ${size}; it is only read`,
  );
  return before;
}

async function newestArchive(playground: Playground): Promise<string> {
  const { backups } = await ask<Listing>(playground, 'list');
  const newest = backups[0];
  if (!newest) throw new CommandError('The list is empty after a backup.');
  if (!newest.verified) throw new CommandError(`${newest.filename} is not marked as verified.`);
  return join(playground.backups, newest.tier, newest.filename);
}

function sayGoodbye({ root, own }: Playground, archive: string): void {
  heading(`All of it worked, in ${since(started)}. What to do next`);
  const settings = shown(join(root, 'settings.env'));
  console.log(`
  Look around     set -a; . ${settings}; set +a
                  npx gofr-backup list        (or: status, files latest, drill, config, --help)
  ${own === undefined ? 'Your own data   npm run quickstart -- /some/dir        (only read, never written)' : 'Sample data     npm run quickstart'}
  In compose      ten lines in README.md; hardened: docker/docker-compose.single.yml
  The bad day     sha256sum -c ${basename(archive)}.sha256
                  tar -xzf ${basename(archive)} -C /where/to
                  (docs/recovery.md; no program of ours is needed)

  Everything of this run lies in ${shown(root)}; delete it whenever you like.`);
}

async function giveUp(error: unknown): Promise<void> {
  process.exitCode = 1;
  await service?.stop().catch(() => undefined);
  const defect = !(error instanceof CommandError || error instanceof PlaygroundError || hasErrno(error));
  const text = error instanceof Error ? (defect ? error.stack : error.message) : String(error);
  console.error(styleText('red', `\nQuickstart failed: ${text}`));
  if (!playground) return;
  console.error(lastWords(playground.log));
  console.error(`The service's log: ${shown(playground.log)}; everything else: ${shown(playground.root)}`);
}

function lastWords(log: string): string {
  if (!existsSync(log)) return '';
  const lines = readFileSync(log, 'utf8').trim().split('\n').slice(-8);
  return lines.map((line) => `  | ${line.slice(0, 300)}`).join('\n');
}

/** The system's own refusal: its message names the file, and its stack says nothing more. */
function hasErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'errno' in error;
}

async function interrupted(): Promise<void> {
  await service?.stop().catch(() => undefined);
  console.error('\nQuickstart was interrupted; nothing outside quickstart-data was touched.');
  process.exit(130);
}

function heading(text: string): void {
  console.log(styleText('bold', `\n${text}`));
}

function say(text: string): void {
  console.log(styleText('green', text.trim()));
}
