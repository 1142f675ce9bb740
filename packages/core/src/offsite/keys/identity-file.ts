/** The file with a private key, as `age-keygen` and `age -p` write it: in plain, or wrapped by a passphrase. */
import { BackupError } from '@gofr-backup/model';
import { age } from '../age.ts';

const IDENTITY = /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/;
const BEGINNING = 'age-encryption.org/v1\n';
const ARMOUR = '-----BEGIN AGE ENCRYPTED FILE-----';

/** Whether a passphrase is needed. */
export const isWrapped = (file: Buffer): boolean =>
  file.subarray(0, BEGINNING.length).toString('latin1') === BEGINNING ||
  file.toString('latin1').trimStart().startsWith(ARMOUR);

/** The identities in a file. Throws CONFIG when it is none, or the passphrase is wrong. */
export async function readIdentities(file: Buffer, passphrase?: string): Promise<string[]> {
  const text = isWrapped(file) ? await unwrapped(file, passphrase) : file.toString();
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const identities = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (identities.length > 0 && identities.every((line) => IDENTITY.test(line))) {
    for (const identity of identities) await recipientOf(identity);
    return identities;
  }
  throw unfit(
    'it has no line AGE-SECRET-KEY-1…',
    'Pass the file that `gofr-backup key new` or `age-keygen` made.',
  );
}

async function unwrapped(file: Buffer, passphrase: string | undefined): Promise<string> {
  if (passphrase === undefined)
    throw unfit('it is wrapped by a passphrase', 'Give the passphrase that it was made with.');
  const { armor, Decrypter } = await age();
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  try {
    const text = file.toString('latin1').trim();
    return await decrypter.decrypt(text.startsWith(ARMOUR) ? armor.decode(text) : file, 'text');
  } catch (cause) {
    throw unfit('it does not open with this passphrase', 'Try the passphrase again.', cause);
  }
}

/** `workFactor`: the binary logarithm of scrypt's cost. */
export async function wrapIdentityFile(text: string, passphrase: string, workFactor = 18): Promise<string> {
  const { armor, Encrypter } = await age();
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  encrypter.setScryptWorkFactor(workFactor);
  return armor.encode(await encrypter.encrypt(text));
}

/** The public key. Throws CONFIG when the identity has a mistyped character. */
export async function recipientOf(identity: string): Promise<string> {
  const { identityToRecipient } = await age();
  try {
    return await identityToRecipient(identity);
  } catch (cause) {
    throw unfit(
      'its key has a mistyped character',
      'Compare it with the paper or the file it came from.',
      cause,
    );
  }
}

const unfit = (why: string, hint: string, cause?: unknown): BackupError =>
  new BackupError('CONFIG', 'The identity cannot be used', {
    why,
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
