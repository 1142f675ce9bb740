/** What a month of daily copies takes when all but 7 were pruned. */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openStore } from '@gofr-backup/store';
import { changeScript, resetCorpus } from './corpora.ts';
import { measure } from './measure.ts';
import { ourKeys, oursIn, type Place, resticIn, urlOf } from './offsite-peers.ts';
import type { OffsiteFigures } from './offsite-report.ts';

const DAYS = 30;
const KEPT = 7;
const TWO_DAYS = 2 * 86_400_000;

interface Keys {
  accessKey: string;
  secretKey: string;
}

export async function spaceAfterMonth(place: Place, keys: Keys): Promise<Record<string, OffsiteFigures>> {
  return { 'gofr-backup copy': await ourMonth(place, keys), restic: await resticMonth(place, keys) };
}

const change = ({ corpus, source }: Place): string => changeScript(corpus, source);

async function ourMonth(place: Place, keys: Keys): Promise<OffsiteFigures> {
  const directory = emptied(place);
  const bucket = 'month-ours';
  const run = `BACKUP_OFFSITE_MAX_COUNT=${KEPT} BACKUP_KEEP_LAST=1 ${oursIn(place, urlOf(bucket, place.endpoint))}`;
  measure(`${ourKeys(place)}; ${resticIn(place, bucket)} init`, directory);
  await using store = await openStore(urlOf(bucket, place.endpoint), keys);
  for (let day = 0; day < DAYS + 3; day++) {
    measure(day < DAYS ? `${change(place)}; ${run} now` : `sleep 1; ${run} copy`, directory);
    for await (const { name } of store.list('plot/trash/')) await aged(store, name);
  }
  return figures(place, keys, `${bucket}/x`);
}

async function resticMonth(place: Place, keys: Keys): Promise<OffsiteFigures> {
  const directory = emptied(place);
  const run = resticIn(place, 'month-restic');
  measure(`${run} init`, directory);
  for (let day = 0; day < DAYS; day++)
    measure(
      `${change(place)}; ${run} backup "${place.source}"; ${run} forget --keep-last ${KEPT} --prune`,
      directory,
    );
  return figures(place, keys, 'month-restic');
}

function emptied({ source }: Place): string {
  const directory = join(dirname(source), 'offsite');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  resetCorpus(source);
  return directory;
}

/** As if it had been put in the trash two days before: a day passes between each step of a removal. */
async function aged(store: Awaited<ReturnType<typeof openStore>>, name: string): Promise<void> {
  const [, stamp = '', rest = ''] = /^plot\/trash\/(\d{8}t\d{6}z)\/(.*)$/.exec(name) ?? [];
  const time = Date.parse(stamp.replace(/(....)(..)(..)t(..)(..)(..)z/, '$1-$2-$3T$4:$5:$6Z')) - TWO_DAYS;
  const older = new Date(time).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase();
  await store.put(`plot/trash/${older}z/${rest}`, store.read(name));
  await store.remove(name);
}

async function figures({ endpoint }: Place, keys: Keys, place: string): Promise<OffsiteFigures> {
  await using store = await openStore(`s3://${place}?endpoint=${endpoint}`, keys);
  let bytes = 0;
  for await (const { size } of store.list()) bytes += size;
  return { wall: 0, cpu: 0, memory: 0, bytes, runs: 1 };
}
