import { oneLine, printable } from '@gofr-backup/model';
import type { Alert } from './alert.ts';

/** A way to reach a person. `send` rejects when the message was not accepted; it honours the signal. */
export interface Channel {
  name: string;
  send(alert: Alert, signal: AbortSignal): Promise<void>;
}

/** Where alerts go; a project may have none, one or all of them. */
export interface NotifyPlan {
  mail?: { smtpUrl: string; from: string; to: string[] };
  webhook?: { url: string; format: WebhookFormat; secret?: string };
}

export const WEBHOOK_FORMATS = ['json', 'slack', 'discord', 'ntfy', 'gotify'] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

/** `gofr-plot: backup failed` or `gofr-plot: resolved: backup failed` */
export function subjectOf(alert: Alert): string {
  return oneLine(`${alert.project}: ${alert.state === 'resolved' ? 'resolved: ' : ''}${alert.title}`);
}

export function bodyOf(alert: Alert): string {
  const when = alert.state === 'raised' ? `Since ${alert.since}` : `From ${alert.since} to ${alert.at}`;
  return printable(`${alert.text}\n\n${when}.`);
}
