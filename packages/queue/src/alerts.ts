/**
 * The alerts that are not over, kept in Redis. The schedulers alone write them; what a person acknowledges waits beside
 * them for a scheduler, so that neither overwrites the other.
 */
import * as z from 'zod';
import { type Acknowledgement, ALERT_KINDS, alertId, BackupError, type OpenAlert } from '@gofr-backup/model';
import { askRedis, type Connection } from './connection.ts';
import { parseJson } from './parse-json.ts';
import { KEY_PREFIX, queueName } from './queue.ts';

/** Whoever may write to Redis may write nonsense; a time that is none would end each check of a scheduler. */
const time = z
  .string()
  .max(100)
  .refine((text) => !Number.isNaN(Date.parse(text)));
const acknowledgement = z.object({ by: z.string().max(500), at: time });
const openAlert = z.object({
  kind: z.enum(ALERT_KINDS),
  about: z.string(),
  title: z.string(),
  text: z.string(),
  degree: z.number().exactOptional(),
  since: time,
  acknowledged: acknowledgement.exactOptional(),
});
/** `since`: of the alert that was seen; a later one of the same kind is not meant */
const request = acknowledgement.extend({ since: time });

export const alertsKey = (project: string): string => `${KEY_PREFIX}:${queueName(project)}:alerts`;
/** Characters: of all open alerts, and of one request. What is longer is not ours, and is not fetched. */
const MOST_ALERTS = 8 << 20;
const MOST_REQUEST = 4096;

const requestsKey = (project: string): string => `${alertsKey(project)}:acknowledged`;

/** As they are written, by `alertId`. What does not parse counts as nothing told: an alert twice is better than none. */
export async function readRaised(
  { client }: Connection,
  project: string,
): Promise<Record<string, OpenAlert>> {
  const key = alertsKey(project);
  const isOurs = ((await client.strlen(key).catch(withoutWrongType)) ?? Infinity) <= MOST_ALERTS;
  const text = isOurs ? await client.get(key) : null;
  const found = z.record(z.string(), z.unknown()).safeParse(parseJson(text)).data ?? {};
  const alerts = Object.values(found).flatMap((one) => openAlert.safeParse(one).data ?? []);
  return Object.fromEntries(alerts.map((alert) => [alertId(alert), alert]));
}

export async function writeRaised(
  { client }: Connection,
  project: string,
  raised: Record<string, OpenAlert>,
): Promise<void> {
  await client.set(alertsKey(project), JSON.stringify(raised));
}

/** What persons asked for, by `alertId`; only of alerts that are open and were meant. */
export async function readAcknowledgements(
  { client }: Connection,
  project: string,
  raised: Record<string, OpenAlert>,
): Promise<Record<string, Acknowledgement>> {
  const open = Object.entries(raised).filter(([, { acknowledged }]) => !acknowledged);
  if (open.length === 0) return {};
  const key = requestsKey(project);
  const askedFor = async (id: string, { since }: OpenAlert): Promise<[string, Acknowledgement][]> => {
    const isOurs = (await client.hstrlen(key, id)) <= MOST_REQUEST;
    const asked = request.safeParse(parseJson(isOurs ? await client.hget(key, id) : null)).data;
    return asked?.since === since ? [[id, { by: asked.by, at: asked.at }]] : [];
  };
  const found = await Promise.all(open.map(([id, alert]) => askedFor(id, alert).catch(withoutWrongType)));
  return Object.fromEntries(found.flatMap((one) => one ?? []));
}

/** Those that were carried out, and those of alerts that are over. */
export async function forgetAcknowledgements(
  { client }: Connection,
  project: string,
  raised: Record<string, OpenAlert>,
): Promise<void> {
  const ids = await client.hkeys(requestsKey(project)).catch(withoutWrongType);
  if (ids === null) return void (await client.unlink(requestsKey(project)));
  const done = ids.filter((id) => !Object.hasOwn(raised, id) || raised[id]?.acknowledged);
  if (done.length > 0) await client.hdel(requestsKey(project), ...done);
}

/** Newest first, those just acknowledged among them. Throws REDIS_UNREACHABLE. */
export function openAlerts(connection: Connection, project: string): Promise<OpenAlert[]> {
  return askRedis(connection, async () => {
    const raised = await readRaised(connection, project);
    const asked = await readAcknowledgements(connection, project, raised);
    return Object.entries(raised)
      .map(([id, alert]) => (asked[id] ? { ...alert, acknowledged: asked[id] } : alert))
      .toSorted((a, b) => b.since.localeCompare(a.since));
  });
}

/** The next check of a scheduler tells it as resolved. Throws NO_SUCH_ALERT, REDIS_UNREACHABLE. */
export async function acknowledge(
  connection: Connection,
  project: string,
  id: string,
  { by, at }: Acknowledgement,
): Promise<OpenAlert> {
  const alert = (await openAlerts(connection, project)).find((one) => alertId(one) === id);
  if (!alert) throw new BackupError('NO_SUCH_ALERT', `No alert ${JSON.stringify(id.slice(0, 300))} is open`);
  if (alert.acknowledged) return alert;
  const asked = JSON.stringify({ by, at, since: alert.since });
  await askRedis(connection, () => connection.client.hset(requestsKey(project), id, asked));
  return { ...alert, acknowledged: { by, at } };
}

function withoutWrongType(error: unknown): null {
  if (String(error).includes('WRONGTYPE')) return null;
  throw error;
}
