/**
 * The alerts that are not over, kept in Redis. The schedulers alone write them; what a person acknowledges waits beside
 * them for a scheduler, so that neither overwrites the other.
 */
import { z } from 'zod';
import { type Acknowledgement, ALERT_KINDS, alertId, BackupError, type OpenAlert } from '@gofr-backup/model';
import { askRedis, type Connection } from './connection.ts';
import { KEY_PREFIX, queueName } from './queue.ts';

const acknowledgement = z.object({ by: z.string().max(500), at: z.string().max(100) });
const openAlert = z.object({
  kind: z.enum(ALERT_KINDS),
  about: z.string(),
  title: z.string(),
  text: z.string(),
  degree: z.number().exactOptional(),
  since: z.string(),
  acknowledged: acknowledgement.exactOptional(),
});
/** `since`: of the alert that was seen; a later one of the same kind is not meant */
const request = acknowledgement.extend({ since: z.string() });

export const alertsKey = (project: string): string => `${KEY_PREFIX}:${queueName(project)}:alerts`;
const requestsKey = (project: string): string => `${alertsKey(project)}:acknowledged`;

/** As they are written, by `alertId`. What does not parse counts as nothing told: an alert twice is better than none. */
export async function readRaised(
  { client }: Connection,
  project: string,
): Promise<Record<string, OpenAlert>> {
  const text = await client.get(alertsKey(project)).catch(withoutWrongType);
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
  const texts = await client.hmget(requestsKey(project), ...open.map(([id]) => id)).catch(withoutWrongType);
  const found: Record<string, Acknowledgement> = {};
  for (const [at, [id, { since }]] of open.entries()) {
    const asked = request.safeParse(parseJson(texts?.[at])).data;
    if (asked?.since === since) found[id] = { by: asked.by, at: asked.at };
  }
  return found;
}

/** Those that were carried out, and those of alerts that are over. */
export async function forgetAcknowledgements(
  { client }: Connection,
  project: string,
  raised: Record<string, OpenAlert>,
): Promise<void> {
  const ids = await client.hkeys(requestsKey(project)).catch(withoutWrongType);
  if (ids === null) return void (await client.unlink(requestsKey(project)));
  const done = ids.filter((id) => !raised[id] || raised[id].acknowledged);
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

function parseJson(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}
