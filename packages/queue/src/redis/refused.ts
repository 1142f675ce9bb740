/** A Redis that answers, and does not do what it is asked: which refusal it is, and what to do about it. */
import { BackupError, type ErrorCode, type Logger, systemClock } from '@gofr-backup/model';
import type { Cluster, Redis } from 'ioredis';

/** Of a connection. */
interface Answering {
  readonly address: string;
  readonly client: Redis | Cluster;
  readonly disk?: string | undefined;
}

interface Refusal {
  /** of Redis's answer; a script's answer has it further on */
  says: RegExp;
  /** completes "Redis at … " */
  what: string;
  hint: string;
  code?: ErrorCode;
  /** not this command alone, but whatever would change the queue */
  ofAllWrites?: true;
}

const REFUSALS: readonly Refusal[] = [
  {
    says: /\bMISCONF\b/,
    what: 'takes no writes: it cannot write to its own disk',
    hint: 'Free space on the disk of Redis, or mend it; the log of Redis says more.',
    code: 'IO',
    ofAllWrites: true,
  },
  {
    says: /\bOOM\b/,
    what: 'takes no writes: its memory is full',
    hint: 'Raise maxmemory of Redis (the queue itself needs a few MB), or give the queue a Redis of its own.',
    ofAllWrites: true,
  },
  {
    says: /\bREADONLY\b/,
    what: 'takes no writes: it is a replica',
    hint: 'Name the primary in REDIS_URL, or its Sentinels: redis+sentinel://host1,host2/name.',
    ofAllWrites: true,
  },
  {
    says: /\bNOREPLICAS\b/,
    what: 'takes no writes: too few of its replicas are there',
    hint: 'Bring its replicas back, or lower min-replicas-to-write.',
    ofAllWrites: true,
  },
  {
    says: /\bNOPERM\b|user executing the script can't|ACL failure in script/,
    what: 'does not let its user do this',
    hint: 'Give the user of REDIS_URL these rights: ACL SETUSER name ~{gofr-backup}:* &* +@all -@admin -@dangerous +info +client|setname +client|list',
  },
  {
    says: /\bLOADING\b/,
    what: 'is still reading its file',
    hint: 'Wait until it has read it, and run this again.',
  },
  {
    says: /\bCLUSTERDOWN\b|\bMASTERDOWN\b/,
    what: 'has lost the servers that hold the queue',
    hint: 'Look at the cluster: redis-cli cluster info, or the primary that this replica follows.',
  },
];

const NO_SPACE = /no space left/i;

/** Undefined for what is no refusal of these kinds. */
export function refusalOf(
  { address, disk }: Pick<Answering, 'address' | 'disk'>,
  thrown: unknown,
): BackupError | undefined {
  const found = kindOf(thrown);
  if (found === undefined) return undefined;
  const why = (thrown as Error).message;
  const { what, hint, code = 'REDIS_REFUSES' } = found;
  const own =
    code === 'IO' && disk !== undefined ? `Free space in ${disk}: the private Redis writes there.` : hint;
  return new BackupError(
    code === 'IO' && NO_SPACE.test(why) ? 'DISK_FULL' : code,
    `Redis at ${address} ${what}`,
    {
      ...{ why, hint: own, cause: thrown, details: { redis: address } },
    },
  );
}

const kindOf = (thrown: unknown): Refusal | undefined =>
  thrown instanceof Error && thrown.name === 'ReplyError'
    ? REFUSALS.find(({ says }) => says.test(thrown.message))
    : undefined;

/** ms between two tries to write, while a job is followed */
const INTERVAL = 2000;

/**
 * For who waits for a job by reading alone: throws when Redis refused every write twice, a while apart. The job could not
 * end then, whatever its worker does.
 */
export function writeCheck(connection: Answering, key: string): () => Promise<void> {
  let due = systemClock.monotonic() + INTERVAL;
  let refused = false;
  return async () => {
    if (systemClock.monotonic() < due) return;
    due = systemClock.monotonic() + INTERVAL;
    const refusal = await refusalToWrite(connection, key);
    if (refusal && refused) throw refusal;
    refused = refusal !== undefined;
  };
}

const writeProbe = ({ client }: Answering, key: string): Promise<unknown> => client.set(key, '', 'PX', 1);

async function refusalToWrite(connection: Answering, key: string): Promise<BackupError | undefined> {
  try {
    await writeProbe(connection, key);
    return undefined;
  } catch (error) {
    return kindOf(error)?.ofAllWrites ? refusalOf(connection, error) : undefined;
  }
}

/** Whether Redis does what it is asked. It waits for as long as Redis is silent. */
export const takesWrites = (connection: Answering, key: string): Promise<boolean> =>
  writeProbe(connection, key).then(
    () => true,
    () => false,
  );

/** Says each refusal once, until `over`. */
export function refusalTeller(
  connection: Answering,
  logger: Logger,
): { heard(error: unknown): void; over(): void } {
  let told = '';
  return {
    heard(error) {
      const refusal = refusalOf(connection, error);
      if (!refusal || refusal.message === told) return;
      told = refusal.message;
      logger.error({ why: refusal.why, hint: refusal.hint }, refusal.message);
    },
    over: () => void (told = ''),
  };
}
