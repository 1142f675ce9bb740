import { tmpdir } from 'node:os';
import { Copies, verify } from '@gofr-backup/core';
import { toBackupError, type VerifyOutcome } from '@gofr-backup/model';
import { answerVerify } from '../commands/verify.ts';
import type { Session } from '../session.ts';
import { type StoreOptions, withStore } from './given.ts';
import { withFetched } from './with-copy.ts';

/** `verify --store`: every copy named is fetched whole, and read as a backup is. */
export async function run(
  session: Session,
  names: string[],
  options: StoreOptions & { all?: boolean },
): Promise<number> {
  const wanted = options.all ? await everyName(session, options) : names.length > 0 ? names : ['latest'];
  const results: VerifyOutcome['results'] = [];
  for (const name of wanted) results.push(...(await verifyCopy(session, options, name)));
  session.screen.clear();
  return answerVerify(session, { results });
}

/** One that is damaged does not keep the others from being read. */
async function verifyCopy(
  session: Session,
  options: StoreOptions,
  name: string,
): Promise<VerifyOutcome['results']> {
  try {
    return await withFetched(
      session,
      options,
      { name, near: tmpdir() },
      async (inner, filename, arriving) => {
        await arriving?.whole();
        const { results } = await verify(inner.context('verify'), { names: [filename] });
        return results;
      },
    );
  } catch (error) {
    const { code, message, why } = toBackupError(error, `reading ${name}`);
    if (code !== 'ARCHIVE_DAMAGED') throw error;
    return [{ filename: name, ok: false, problems: [why === '' ? message : `${message}: ${why}`], code }];
  }
}

const everyName = (session: Session, options: StoreOptions): Promise<string[]> =>
  withStore(session, options, async (offsite) =>
    (await Copies.open(offsite)).copies.map(({ name }) => name.filename),
  );
