import { alertPlanFrom } from '@gofr-backup/config';
import { BackupError, systemClock } from '@gofr-backup/model';
import { type Alert, channelsOf, deliver, type Delivery, ping } from '@gofr-backup/notify';
import type { Session } from '../session.ts';

/** `--test`: one harmless alert through every channel; answers 1 when any of them did not take it. */
export async function run(session: Session, _args: string[], options: { test?: boolean }): Promise<number> {
  if (!options.test) throw new BackupError('USAGE', 'notify needs --test', { why: 'It sends nothing else.' });
  const deliveries = await sendTest(session, 'gofr-backup notify --test');
  session.answer(
    { deliveries },
    deliveries.map((delivery) => lineOf(session, delivery)),
  );
  return deliveries.every(({ ok }) => ok) ? 0 : 1;
}

/** Through every channel that is configured. Throws CONFIG when there is none. */
export async function sendTest(session: Session, command: string): Promise<Delivery[]> {
  const plan = alertPlanFrom(session.settings);
  const channels = channelsOf(plan);
  if (channels.length === 0 && plan.heartbeatUrl === undefined) {
    throw new BackupError('CONFIG', 'No alert channel is configured', {
      why: 'Neither ALERT_EMAIL_TO, ALERT_WEBHOOK_URL nor HEARTBEAT_URL is set.',
    });
  }
  const deliveries = await deliver(trial(session.settings.prefix, command), channels);
  if (plan.heartbeatUrl !== undefined) deliveries.push(await heartbeat(plan.heartbeatUrl, command));
  return deliveries;
}

function trial(project: string, command: string): Alert {
  const at = new Date(systemClock.now()).toISOString();
  return {
    ...{ kind: 'backup-failed', about: 'test', project, state: 'raised', at, since: at },
    title: 'this is a test',
    text: 'Nothing is wrong: this shows how an alert arrives (`' + command + '`).',
  };
}

async function heartbeat(url: string, command: string): Promise<Delivery> {
  const reason = await ping(url, 'success', command);
  return {
    channel: 'heartbeat',
    ok: reason === undefined,
    attempts: 1,
    ...(reason !== undefined && { reason }),
  };
}

function lineOf({ paint }: Session, { channel, ok, reason }: Delivery): string {
  return ok ? `${paint.good('✓')} ${channel}` : `${paint.bad('✗')} ${channel}: ${reason ?? ''}`;
}
