import { alertId, BackupError, formatTime, type OpenAlert, shellWord, systemClock } from '@gofr-backup/model';
import { findQueue } from '../queue/reach-queue.ts';
import type { Session } from '../session.ts';
import { userName } from '../remember.ts';

/** The alerts that are not over; `--acknowledge`: one of them was seen. */
export async function run(
  session: Session,
  _args: string[],
  { acknowledge: id }: { acknowledge?: string },
): Promise<void> {
  await using reached = await findQueue(session);
  if (!reached) throw noQueue();
  const { acknowledge, openAlerts } = await import('@gofr-backup/queue');
  const { connection, project } = reached.queue;
  if (id === undefined) {
    const alerts = await openAlerts(connection, project);
    return session.answer({ alerts: alerts.map(documentOf) }, linesOf(session, alerts));
  }
  const seen = { by: `${userName()} on the command line`, at: new Date(systemClock.now()).toISOString() };
  const alert = await acknowledge(connection, project, id, seen);
  session.answer({ alert: documentOf(alert) }, [
    `${session.paint.good('✓')} ${id}: ${acknowledgedText(session, alert)}`,
    'The next alert of it comes when it gets worse, or when it begins again.',
  ]);
}

const noQueue = (): BackupError =>
  new BackupError('REDIS_UNREACHABLE', 'There is no queue', {
    why: 'the scheduler keeps alerts in Redis, and no service is running',
    hint: 'Start `gofr-backup serve`. What is wrong now: `gofr-backup status`.',
  });

const documentOf = (alert: OpenAlert) => ({
  id: alertId(alert),
  ...{ kind: alert.kind, about: alert.about, title: alert.title, text: alert.text, since: alert.since },
  acknowledged: alert.acknowledged ?? null,
});

function linesOf(session: Session, alerts: readonly OpenAlert[]): string[] {
  const { paint } = session;
  if (alerts.length === 0) return ['No alert that was sent is open. What is wrong now: gofr-backup status'];
  return alerts.flatMap((alert) => [
    alert.acknowledged ? alertId(alert) : paint.bad(alertId(alert)),
    `  Since ${inZone(session, alert.since)}. ${alert.text}`,
    `  ${alert.acknowledged ? acknowledgedText(session, alert) : paint.dim(`gofr-backup alerts --acknowledge ${shellWord(alertId(alert))}`)}`,
  ]);
}

const acknowledgedText = (session: Session, { acknowledged }: OpenAlert): string =>
  acknowledged ? `acknowledged by ${acknowledged.by} at ${inZone(session, acknowledged.at)}` : '';

function inZone({ settings }: Session, iso: string): string {
  const at = Date.parse(iso);
  return Number.isNaN(at) ? iso : formatTime(at, settings.timezone);
}
