/** Proves a key: the newest recipe opens with it, and so does a pack that it names. */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BackupError, ignoring, toBackupError } from '@gofr-backup/model';
import * as z from 'zod';
import { isoUtc, parseObject, writeAtomically } from '../../repository/index.ts';
import type { Offsite } from '../offsite.ts';
import { Copies } from '../read/copies.ts';
import { recipientOf } from './identity-file.ts';

const RECORD = 'keys.json';
const recordSchema = z.record(z.string(), z.string());

export interface ProvedKey {
  recipient: string;
  /** whether the settings name it */
  expected: boolean;
  /** the copy whose recipe and pack it opened */
  filename: string;
}

/** Throws CONFIG when it does not open the newest copy, NO_SUCH_BACKUP when there is none. Records when it does. */
export async function checkKey(offsite: Offsite, identity: string): Promise<ProvedKey> {
  const recipient = await recipientOf(identity);
  // nothing that this host knows may stand in for the key
  const alone = { ...offsite, identities: [identity], cacheDir: join(offsite.cacheDir, 'none') };
  const { copies, unread, packs } = await Copies.open(alone, { anew: true });
  const newest = copies[0];
  if (newest === undefined || unread.some(({ closed }) => closed)) throw doesNotOpen(offsite, unread[0]?.why);
  const pack = newest.recipe.packs[0];
  if (pack !== undefined) await packs.part(pack, 0, 1);
  const { encryption } = offsite;
  const expected = encryption.kind === 'age' && encryption.recipients.includes(recipient);
  await record(offsite, recipient);
  return { recipient, expected, filename: newest.name.filename };
}

const doesNotOpen = ({ name }: Offsite, why: string | undefined): BackupError =>
  why === undefined
    ? new BackupError('NO_SUCH_BACKUP', `There is no copy in the store ${name} to try the key on`, {
        hint: 'Make one first: `gofr-backup copy`.',
      })
    : new BackupError('CONFIG', `The key does not open the copies in the store ${name}`, {
        why,
        hint: 'Copies are only for the keys in OFFSITE_RECIPIENTS at the time. Make new keys while the old ones work.',
      });

async function record({ cacheDir, clock, logger }: Offsite, recipient: string): Promise<void> {
  try {
    await mkdir(cacheDir, { recursive: true, mode: 0o700 });
    const known = await provedKeys({ cacheDir });
    const text = JSON.stringify({ ...known, [recipient]: isoUtc(clock.now()) }, null, 2);
    await writeAtomically(join(cacheDir, RECORD), text);
  } catch (error) {
    const { why } = toBackupError(error, 'recording');
    logger.warn({ place: dirname(cacheDir), why }, 'the key works, but that cannot be recorded');
  }
}

/** When each recipient's key was proved last; ISO 8601 by recipient. */
export async function provedKeys({ cacheDir }: Pick<Offsite, 'cacheDir'>): Promise<Record<string, string>> {
  const text = await readFile(join(cacheDir, RECORD), 'utf8').catch(ignoring('ENOENT'));
  return recordSchema.safeParse(parseObject(text ?? '')).data ?? {};
}
