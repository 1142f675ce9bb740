/** The password, kept only as its scrypt hash (RFC 7914). */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { BackupError } from '@gofr-backup/model';

interface Hash {
  cost: number;
  blockSize: number;
  parallelization: number;
  salt: Buffer;
  key: Buffer;
}

const COST = 2 ** 15;
const BLOCK_SIZE = 8;
const KEY_BYTES = 32;
const MARK = 'scrypt:';

function derive(password: string, hash: Omit<Hash, 'key'>, length: number): Promise<Buffer> {
  const { cost, blockSize, parallelization } = hash;
  const options = { N: cost, r: blockSize, p: parallelization, maxmem: 256 * cost * blockSize };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), hash.salt, length, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

async function hash(password: string): Promise<Hash> {
  const parameters = { cost: COST, blockSize: BLOCK_SIZE, parallelization: 1, salt: randomBytes(16) };
  return { ...parameters, key: await derive(password, parameters, KEY_BYTES) };
}

/** One line for DASHBOARD_PASSWORD; colons, because `$` has a meaning to compose and shells. */
export async function hashLine(password: string): Promise<string> {
  const { cost, blockSize, parallelization, salt, key } = await hash(password);
  return `${MARK}${cost}:${blockSize}:${parallelization}:${salt.toString('base64url')}:${key.toString('base64url')}`;
}

function parseLine(line: string): Hash {
  const [cost, blockSize, parallelization] = line.slice(MARK.length).split(':').map(Number);
  const [salt, key] = line.split(':').slice(-2);
  const powerOfTwo = Number.isInteger(Math.log2(cost ?? 0)) && cost! >= 2 ** 14 && cost! <= 2 ** 20;
  if (
    !powerOfTwo ||
    !(blockSize! >= 1 && blockSize! <= 32) ||
    !(parallelization! >= 1 && parallelization! <= 16)
  ) {
    throw notAHash();
  }
  const bytes = { salt: Buffer.from(salt ?? '', 'base64url'), key: Buffer.from(key ?? '', 'base64url') };
  if (bytes.salt.length < 8 || bytes.key.length < 16) throw notAHash();
  return { cost: cost!, blockSize: blockSize!, parallelization: parallelization!, ...bytes };
}

function notAHash(): BackupError {
  return new BackupError('CONFIG', 'DASHBOARD_PASSWORD begins with `scrypt:` but is not such a hash', {
    why: 'it must read scrypt:cost:blocksize:parallelization:salt:key',
    hint: 'Make one with `gofr-backup-dashboard --hash-password`, or set the password itself.',
  });
}

/** Answers whether a guess is the password, in a time that does not depend on how wrong it is. */
export async function passwordCheck(configured: string): Promise<(guess: string) => Promise<boolean>> {
  const known = configured.startsWith(MARK) ? parseLine(configured) : await hash(configured);
  return async (guess) => timingSafeEqual(await derive(guess, known, known.key.length), known.key);
}
