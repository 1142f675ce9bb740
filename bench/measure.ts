/** One run of one command, measured by GNU time: wall, CPU and peak memory of it and of all its children. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Measurement {
  /** seconds */
  wall: number;
  cpu: number;
  /** bytes; of the largest process */
  memory: number;
}

/** Runs `script` by `sh -ec`; throws with its output when it fails. */
export function measure(script: string, cwd: string): Measurement {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-'));
  const report = join(scratch, 'time');
  try {
    const done = spawnSync('/usr/bin/time', ['-o', report, '-f', '%e %U %S %M', 'sh', '-ec', script], {
      cwd,
      encoding: 'utf8',
      maxBuffer: 64 << 20,
      env: { ...process.env, ...PEER_ENVIRONMENT },
    });
    if (done.status !== 0) throw new Error(`exit ${done.status}: ${script}\n${done.stdout}\n${done.stderr}`);
    const [wall = 0, user = 0, system = 0, kilobytes = 0] = readFileSync(report, 'utf8')
      .trim()
      .split(/\s+/)
      .map(Number);
    return { wall, cpu: user + system, memory: kilobytes * 1024 };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** restic and borg keep a cache and ask for a password; both get one of their own below the working directory. */
const PEER_ENVIRONMENT = {
  RESTIC_PASSWORD: 'bench',
  BORG_PASSPHRASE: 'bench',
  BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
  BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes',
};

export function median(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/**
 * Every run begins alike: nothing of the one before is still on its way to the disk, and all there is to read is in memory
 * (some kernels take idle pages away within a minute).
 */
export function settle(...directories: string[]): void {
  execFileSync('sh', [
    '-c',
    'sync; find "$@" -type f -print0 | xargs -0 -r cat >/dev/null',
    'sh',
    ...directories,
  ]);
}
