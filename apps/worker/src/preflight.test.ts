import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackupPlan } from '@gofr-backup/model';
import { temporaryDirectory } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { preflight } from './preflight.ts';

test.skipIf(process.getuid?.() === 0)(
  'files of a directory that may be listed and not searched are told (not as root)',
  async () => {
    await using place = await temporaryDirectory();
    const root = join(place.path, 'data');
    const listed = join(root, 'listed');
    await mkdir(listed, { recursive: true });
    await writeFile(join(listed, 'file'), 'x');
    await chmod(listed, 0o400);
    const told: { files?: string[]; owner?: number | undefined }[] = [];
    const note = (facts: object): void => void told.push(facts);
    const logger = { debug: note, info: note, warn: note, error: note };
    const plan = { backupDir: place.path, components: [{ root }] } as unknown as BackupPlan;
    await preflight(plan, logger as never);
    expect(told).toMatchObject([{ files: [join(listed, 'file')], owner: undefined }]);
  },
);
