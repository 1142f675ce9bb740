/** The database of REDIS_URL. ioredis goes on in database 0 when Redis does not have it, among the records of others. */
import type { Cluster, Redis } from 'ioredis';
import { BackupError, type Logger, type RedisTarget } from '@gofr-backup/model';
import { within } from '../within.ts';

/** Undefined: the default, which every Redis has. */
export const databaseOf = ({ options }: RedisTarget): number | undefined => options.db || undefined;

const isMissing = (error: unknown): error is Error =>
  error instanceof Error && /DB index is out of range/i.test(error.message);

const noDatabase = (db: number, why: string): BackupError =>
  new BackupError('CONFIG', `REDIS_URL names database ${db}, which this Redis does not have`, {
    why,
    hint: 'Redis has databases 0 to 15 unless its setting `databases` says otherwise. Name one of them (…/0 or ?db=0).',
  });

/** Throws CONFIG. */
export async function selectDatabase(client: Redis | Cluster, db: number): Promise<void> {
  await client.select(db).catch((error: unknown) => {
    throw isMissing(error) ? noDatabase(db, error.message) : error;
  });
}

/**
 * Waits a moment for Redis and throws CONFIG. When Redis comes later than that, the connection is ended for good: a service
 * that does nothing is seen as unhealthy, one that works in another's database is not.
 */
export async function holdToDatabase(
  client: Redis | Cluster,
  db: number,
  { patience, logger }: { patience: number; logger: Logger },
): Promise<void> {
  const { promise: known, resolve } = Promise.withResolvers<BackupError | undefined>();
  let problem: BackupError | undefined;
  client.on('error', (error: Error) => {
    if (!isMissing(error) || problem) return;
    problem = noDatabase(db, error.message);
    client.disconnect();
    logger.error({ why: problem.why, hint: problem.hint }, problem.message);
    resolve(problem);
  });
  client.once('ready', () => resolve(undefined));
  await within(patience, known);
  if (problem) throw problem;
}
