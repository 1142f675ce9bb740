/** A year of nightly backups, made by the real repository under a clock that runs through it. */
import { randomBytes } from 'node:crypto';
import { truncate, writeFile } from 'node:fs/promises';
import { openRepository, type Repository, withLock } from '@gofr-backup/core';
import { type CatalogueEntry, silentLogger, type Status } from '@gofr-backup/model';
import type { FakeClock } from '@gofr-backup/testing';

const DAY = 24 * 60 * 60 * 1000;

export interface YearOptions {
  backupDir: string;
  project: string;
  timezone: string;
  /** the last night is the one before it */
  until: number;
  days: number;
  clock: FakeClock;
}

/** Days before `until` on which something went wrong, as it does in a year. */
const INCIDENTS: Record<number, Status | 'missed'> = {
  41: 'missed',
  42: 'missed',
  98: 'missed',
  203: 'incomplete',
};

/** Every night of `days` but the last, each archive a sparse file of a believable size: nobody reads them. */
export async function makeYear(options: YearOptions): Promise<void> {
  const { backupDir, project, timezone, clock, until, days } = options;
  const repository = await openRepository({
    ...{ backupDir, project, timezone, clock },
    prefix: `gofr-${project}`,
    logger: silentLogger,
  });
  await withLock(repository, { owner: 'the fixture', ports: { clock, logger: silentLogger } }, async () => {
    for (let back = days; back > 0; back--) {
      const at = Math.floor((until - back * DAY) / DAY) * DAY + 2 * 60 * 60 * 1000;
      clock.jump(at);
      const incident = INCIDENTS[back];
      if (incident === 'missed') continue;
      const entry = await makeNight(repository, at, back, days, incident ?? 'good');
      const date = new Date(at);
      if (entry.status === 'good' && date.getUTCDay() === 0) await repository.promote(entry, 'weekly');
      if (entry.status === 'good' && date.getUTCDate() === 1) await repository.promote(entry, 'monthly');
    }
  });
}

async function makeNight(
  repository: Repository,
  at: number,
  back: number,
  days: number,
  status: Status,
): Promise<CatalogueEntry> {
  const reservation = await repository.reserve({ tier: 'daily', at, compression: 'gzip' });
  const growth = (days - back) / days;
  const noise = Math.sin(back * 12.9898) * 43758.5453;
  const size = Math.round((14 + 9 * growth + 0.5 * (noise - Math.floor(noise))) * 2 ** 20);
  await writeFile(reservation.archivePath, '');
  await truncate(reservation.archivePath, size);
  const changed = back % 30 === 0 ? 0.4 : 0.03 + 0.04 * (noise - Math.floor(noise));
  return repository.commit(reservation, {
    sha256: randomBytes(32).toString('hex'),
    status,
    compression: 'gzip',
    compression_level: 6,
    trigger: 'schedule',
    components: ['storage', 'auth', 'logs', 'metadata'],
    files: 2400 + Math.round(250 * growth),
    source_bytes: Math.round(size * 1.02),
    reused_bytes: Math.round(size * (1 - changed)),
    duration_ms: Math.round(900 + 600 * growth + 5000 * changed),
    verify_ms: Math.round(700 + 400 * growth),
    warnings:
      status === 'incomplete'
        ? [{ code: 'unreadable', path: 'data/auth/tokens.json', message: 'permission denied' }]
        : [],
    ...(status === 'good' && { verified_at: new Date(at + 4000).toISOString() }),
    ...(back % 7 === 3 && { last_drill_at: new Date(at + 4 * 3600_000).toISOString(), last_drill_ok: true }),
  });
}
