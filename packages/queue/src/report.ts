/**
 * The worker's last report, kept in Redis for the schedulers that watch it. A dead worker leaves its report, and the
 * report's age.
 */
import * as z from 'zod';
import { storeStateSchema } from '@gofr-backup/model/schemas';
import { askRedis, type Connection } from './connection.ts';
import { parseJson } from './parse-json.ts';
import { KEY_PREFIX, queueName } from './queue.ts';

const ended = z.object({ ok: z.boolean(), at: z.string(), message: z.string().exactOptional() });

const lookSchema = z.object({
  uid: z.number().exactOptional(),
  components: z.array(
    z.object({
      name: z.string(),
      root: z.string(),
      state: z.enum(['missing', 'empty', 'filled', 'unreadable']),
      owner: z.number().exactOptional(),
    }),
  ),
  /** sentences: servers that run on the data, and what to do about each */
  servers: z.array(z.object({ text: z.string(), hint: z.string() })),
  lacks: z.array(z.string()),
});

/** Times are ISO 8601 UTC. Every field is optional: reports outlive deployments, and a new one knows little. */
const reportSchema = z.object({
  /** refreshed by a living worker every half minute */
  seen_at: z.string().exactOptional(),
  /** the last backup that ended for good, after its last attempt */
  last_backup: ended.exactOptional(),
  last_drill: ended.extend({ backup: z.string() }).exactOptional(),
  newest_good_at: z.string().exactOptional(),
  /** file names of the backups known to be damaged */
  corrupt: z.array(z.string()).exactOptional(),
  /** were corrupt when they were last seen, and are not in the directory any more */
  gone: z.array(z.string()).exactOptional(),
  /** components of the newest good backup whose directories do not exist any more */
  data_gone: z.array(z.string()).exactOptional(),
  /** components whose data lies on the file system of the backups */
  shared_disk: z.array(z.string()).exactOptional(),
  /** why pruning is held */
  held: z.string().exactOptional(),
  /** off-site copies, a state for each store */
  stores: z.array(storeStateSchema).exactOptional(),
  /** what the worker sees of the data; only until there is a good backup */
  look: lookSchema.exactOptional(),
  /** bytes of the file system of BACKUP_DIR */
  disk: z.object({ free: z.number(), size: z.number() }).exactOptional(),
});
export type WorkerReport = z.output<typeof reportSchema>;

const LARGEST_FIELD = 256 * 1024;

/** A Redis hash with one JSON document a field, so that the writer of one field never overwrites another. */
const keyOf = (project: string): string => `${KEY_PREFIX}:${queueName(project)}:report`;

/** A field that cannot be read is left out: the watcher then knows less, and says so. */
export async function readReport(connection: Connection, project: string): Promise<WorkerReport> {
  const names = Object.keys(reportSchema.shape) as (keyof WorkerReport)[];
  const texts = await askRedis(connection, () => readFields(connection, keyOf(project), names));
  const known: Record<string, unknown> = {};
  for (const [at, name] of names.entries()) {
    const parsed = reportSchema.shape[name].safeParse(parseJson(texts[at] ?? ''));
    if (parsed.success) known[name] = parsed.data;
  }
  return known;
}

/** Null for a field that is missing or too large; all of them when the key is no hash. */
async function readFields({ client }: Connection, key: string, names: string[]): Promise<(string | null)[]> {
  if ((await client.type(key)) !== 'hash') return [];
  return Promise.all(
    names.map(async (name) =>
      (await client.hstrlen(key, name)) > LARGEST_FIELD ? null : client.hget(key, name),
    ),
  );
}

/** Fields of `news` replace what was known; undefined takes a field away. */
export async function writeReport(
  connection: Connection,
  project: string,
  news: { [Field in keyof WorkerReport]: WorkerReport[Field] | undefined },
): Promise<void> {
  const gone = Object.keys(news).filter((name) => news[name as keyof WorkerReport] === undefined);
  const set = Object.entries(news).flatMap(([name, value]) =>
    value === undefined ? [] : [name, JSON.stringify(value)],
  );
  await askRedis(connection, async () => {
    const type = await connection.client.type(keyOf(project));
    if (type !== 'hash' && type !== 'none') await connection.client.unlink(keyOf(project));
    if (set.length > 0) await connection.client.hset(keyOf(project), ...set);
    if (gone.length > 0) await connection.client.hdel(keyOf(project), ...gone);
  });
}
