import { open } from 'node:fs/promises';
import { checkKey, newKeys, wrapIdentityFile } from '@gofr-backup/core';
import { BackupError, isErrno, shellWord, systemClock } from '@gofr-backup/model';
import { askSecret } from '../ask.ts';
import type { Session } from '../session.ts';
import { identitiesOf, type StoreOptions, withStore } from '../store/given.ts';

interface Options extends StoreOptions {
  out?: string;
  page?: string;
  passphrase?: boolean;
}

export function run(session: Session, [what]: string[], options: Options): Promise<void> {
  return what === 'check' ? check(session, options) : make(session, options);
}

/** The recovery key is shown once, and kept nowhere. */
async function make(session: Session, options: Options): Promise<void> {
  const { settings, paint } = session;
  const created = isoDate(systemClock.now());
  const keys = await newKeys({ project: settings.project, created });
  const { out = 'key.txt', page } = options;
  const file = options.passphrase
    ? await wrapIdentityFile(keys.identityFile, await askSecret(session, 'Passphrase for the key: '))
    : keys.identityFile;
  await writeSecret(out, file);
  if (page !== undefined) await writeSecret(page, keys.recoveryPage);
  const recipients = `${keys.operation.recipient},${keys.recovery.recipient}`;
  const document = {
    recipients: [keys.operation.recipient, keys.recovery.recipient],
    identity_file: out,
    recovery: keys.recovery.identity,
    ...(page !== undefined && { page }),
  };
  session.answer(document, [
    paint.bold(
      'The recovery key. It is shown now and never again; print it, and keep it away from this host:',
    ),
    '',
    ...keys.recoveryText.trimEnd().split('\n'),
    '',
    `${paint.good('✓')} The key of operation is in ${out}. Keep it off this host too, unless drills from the store shall run by themselves.`,
    ...(page === undefined
      ? []
      : [`${paint.good('✓')} The page to print is ${page}. Delete it when it is printed.`]),
    'Set for the worker:',
    `  OFFSITE_RECIPIENTS=${recipients}`,
    `After the first copy, prove the paper: type the key into a file, then \`gofr-backup key check --identity FILE\`.`,
  ]);
}

async function writeSecret(path: string, content: string): Promise<void> {
  try {
    await using file = await open(path, 'wx', 0o600);
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    throw new BackupError('DECLINED', `${path} is there already`, {
      why: 'a key that copies were made for would be lost',
      hint: `Move it away, or name another file: \`gofr-backup key new --out ${shellWord(`${path}.new`)}\`.`,
    });
  }
}

async function check(session: Session, options: Options): Promise<void> {
  const [identity] = (await identitiesOf(session, options.identity)) ?? [];
  if (identity === undefined)
    throw new BackupError('USAGE', 'Say which key to check', {
      why: 'the private key is on no host; it has to be brought',
      hint: 'Pass `--identity FILE`, with the recovery key typed or scanned from its paper.',
    });
  const { identity: _, ...store } = options;
  const proved = await withStore(session, store, (offsite) => checkKey(offsite, identity));
  session.answer(proved, [
    `${session.paint.good('✓')} The key opens the newest copy, ${proved.filename}`,
    ...(proved.expected
      ? []
      : [
          `  ${session.paint.warn('warning:')} OFFSITE_RECIPIENTS does not name it: the next copies are not for this key`,
        ]),
  ]);
}

const isoDate = (at: number): string => new Date(at).toISOString().slice(0, 10);
