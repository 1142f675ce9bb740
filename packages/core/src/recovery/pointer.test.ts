import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type BackupPlan, silentLogger } from '@gofr-backup/model';
import { findInterrupted } from './settle.ts';

const ID = '0123456789abcdef';

test.runIf(process.geteuid?.() === 0)(
  'a pointer to a restore of another user, in a place that is closed, is a warning and stays (needs root)',
  async () => {
    const base = await mkdtemp(join(tmpdir(), 'gofr-pointer-'));
    const closed = join(base, 'closed');
    const workDir = join(closed, 'in', `.gofr-restore-${ID}`);
    const stateDir = join(base, 'state');
    await mkdir(workDir, { recursive: true });
    await mkdir(stateDir);
    const pointer = { id: ID, workDirs: [workDir], places: [join(closed, 'in')] };
    await writeFile(join(stateDir, `restore-${ID}.json`), JSON.stringify(pointer));
    await chmod(closed, 0o700);
    for (const directory of [base, stateDir]) await chmod(directory, 0o777);
    const warned: unknown[] = [];
    const logger = { ...silentLogger, warn: (fields: object) => void warned.push(fields) };
    process.seteuid?.(1234);
    try {
      expect(findInterrupted({ components: [] } as unknown as BackupPlan, stateDir, logger)).toEqual([]);
    } finally {
      process.seteuid?.(0);
    }
    expect(warned).toEqual([{ workDir }]);
    expect(await readdir(stateDir)).toHaveLength(1);
    await rm(base, { recursive: true });
  },
);
