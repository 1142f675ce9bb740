/** `format.json` and what lies beside it: put when the first copy comes to a place, and the same ever after. */
import { randomUUID } from 'node:crypto';
import { BackupError } from '@gofr-backup/model';
import { NoSuchObject, type Store } from '@gofr-backup/store';
import * as z from 'zod';
import { isoUtc } from '../repository/index.ts';
import { FORMAT } from './layout.ts';
import type { Objects } from './objects.ts';
import type { Offsite } from './offsite.ts';
import { README, RESTORE_PY, RESTORE_SH } from './without-us/index.ts';

const MOST_BYTES = 64 * 1024;
const VERSION = 1;

const formatSchema = z.object({
  format: z.literal('gofr-backup off-site copies'),
  version: z.int(),
  project: z.string(),
  created: z.string(),
  /** of this place, at random; absent: an earlier version began it */
  id: z.string().exactOptional(),
  encryption: z.enum(['age', 'none']),
  /** public key of the host that began */
  key: z.string().exactOptional(),
});
export type Format = z.infer<typeof formatSchema>;

/** A format that was put stays as it is, so an opened store is asked once. */
const read = new WeakMap<Store, Format>();

/** undefined: nothing was ever copied there. Throws CONFIG for a format that this version does not know. */
export async function readFormat(of: Offsite, objects: Objects): Promise<Format | undefined> {
  const known = read.get(of.store);
  if (known) return known;
  const text = await objects.read(FORMAT, of.signal, MOST_BYTES).catch((error: unknown) => {
    if (error instanceof NoSuchObject) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const { data } = formatSchema.safeParse(parsed(text.toString()));
  if (data?.version === VERSION) {
    read.set(of.store, data);
    return data;
  }
  throw new BackupError('CONFIG', `The copies in the store ${of.name} are of a form that is not known here`, {
    why: data === undefined ? `${FORMAT} is damaged` : `they are of version ${data.version}`,
    hint: 'Use the version of gofr-backup that made them, or a newer one; or another prefix for new copies.',
  });
}

/**
 * The same for who is about to write: put when there is none, with the id that the place had when it is known (`knownId`). Throws
 * CONFIG when the settings say something else.
 */
export async function ensureFormat(
  offsite: Offsite,
  objects: Objects,
  knownId: () => Promise<string | undefined>,
): Promise<Format> {
  const found = (await readFormat(offsite, objects)) ?? (await begin(offsite, objects, await knownId()));
  const { encryption } = offsite;
  if (found.encryption === encryption.kind) return found;
  throw new BackupError(
    'CONFIG',
    `The copies in the store ${offsite.name} are made with encryption ${found.encryption}`,
    {
      why: `the settings say ${encryption.kind}, and one place has one encryption`,
      hint: 'Set OFFSITE_ENCRYPTION as it was, or choose another prefix.',
    },
  );
}

/** `format.json` comes last: where it is, all of them are. */
async function begin(offsite: Offsite, objects: Objects, id: string = randomUUID()): Promise<Format> {
  const { project, encryption, signingKey, signal } = offsite;
  const format: Format = {
    format: 'gofr-backup off-site copies',
    version: VERSION,
    project,
    created: isoUtc(await objects.now(signal)),
    id,
    encryption: encryption.kind,
    ...(signingKey && { key: signingKey.publicKey }),
  };
  const plain = { 'README.txt': README, 'restore.sh': RESTORE_SH, 'restore.py': RESTORE_PY };
  for (const [name, text] of Object.entries(plain))
    await objects.put(storable(name), Buffer.from(text), signal);
  const text = Buffer.from(`${JSON.stringify(format, null, 2)}\n`);
  const answer = await objects.put(FORMAT, text, signal);
  return answer === 'stored' ? format : ((await readFormat(offsite, objects)) ?? format);
}

/** Names of objects have no capital letters. */
const storable = (name: string): string => name.toLowerCase();

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
