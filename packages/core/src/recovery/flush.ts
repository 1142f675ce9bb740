/**
 * Brings everything in a directory to the disk. The kernel reports a failed write only once, so the answer of a sync
 * must not be ignored.
 */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { once } from 'node:events';
import { BackupError, type BytePath, displayPath, toBackupError } from '@gofr-backup/model';
import { breathe, fsyncPath, isDirectory, isFile } from '@gofr-backup/posix';
import type { Ground } from './ground/ground.ts';

const COMPLAINT_CHARACTERS = 500;
/** The complaint of getopt(3) about an unknown option, in coreutils, busybox and BSD. */
const UNKNOWN_OPTION = /(?:unrecognized|invalid|unknown|illegal) option/i;
const NO_SPACE = /no space left|quota exceeded/i;
const FILES_PER_TURN = 100;

/**
 * One syncfs(2), which costs less than 100,000 fsyncs. Where no program offers it, each file is synced by itself.
 * Throws IO (or DISK_FULL) when anything may not have reached the disk: the files there must not be used then.
 */
export async function flushTree(directory: BytePath, ground: Ground): Promise<void> {
  try {
    if (!(await syncFileSystem(ground.directory(directory).path))) await syncEach(directory, ground);
  } catch (cause) {
    throw notFlushed(directory, cause);
  }
}

/** By coreutils or busybox, as Node has no syncfs. False: there is no such program, or it has no such option. */
async function syncFileSystem(directory: string): Promise<boolean> {
  const fd = fs.openSync(directory, fs.constants.O_RDONLY);
  try {
    // The program gets the descriptor: a path as an argument would have to be UTF-8.
    const child = spawn('sync', ['-f', '/proc/self/fd/3'], {
      stdio: ['ignore', 'ignore', 'pipe', fd],
    });
    let complaint = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(0, COMPLAINT_CHARACTERS);
    });
    const ended = await once(child, 'close').catch(() => undefined);
    if (ended === undefined) return false;
    const [code, signal] = ended as [number | null, string | null];
    if (code !== 0 && UNKNOWN_OPTION.test(complaint)) return false;
    if (code !== 0) throw new Error(complaint.trim() || `sync ended with ${code ?? signal}`);
    return true;
  } finally {
    fs.closeSync(fd);
  }
}

async function syncEach(directory: BytePath, ground: Ground): Promise<void> {
  let synced = 0;
  for (const { path, stat } of ground.walk(directory)) {
    if (isDirectory(stat)) ground.directory(path).sync();
    else if (isFile(stat)) fsyncPath(ground.at(path));
    else continue;
    if (++synced % FILES_PER_TURN === 0) await breathe();
  }
}

function notFlushed(directory: BytePath, cause: unknown): BackupError {
  const { code, why } = toBackupError(cause, 'sync');
  const full = code === 'DISK_FULL' || NO_SPACE.test(why);
  const message = `What was restored did not reach the disk of ${displayPath(directory)}`;
  return new BackupError(full ? 'DISK_FULL' : 'IO', message, {
    why,
    hint: full
      ? 'Free space there and run it again. The data is as it was.'
      : 'Check that disk (`dmesg`) and run it again. The data is as it was.',
    cause,
  });
}
