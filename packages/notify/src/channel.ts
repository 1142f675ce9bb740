import { oneLine, printable } from '@gofr-backup/model';
import type { Message } from './alert.ts';

/** A way to reach a person. `send` rejects when the message was not accepted; it honours the signal. */
export interface Channel {
  name: string;
  send(message: Message, signal: AbortSignal): Promise<void>;
}

/** Where alerts go; a project may have none, one or all of them. */
export interface NotifyPlan {
  mail?: { smtpUrl: string; from: string; to: string[] };
  webhook?: { url: string; format: WebhookFormat; secret?: string };
}

export const WEBHOOK_FORMATS = ['json', 'slack', 'discord', 'ntfy', 'gotify'] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

/** `gofr-plot: backup failed` or `gofr-plot: resolved: backup failed` */
export function subjectOf({ project, state, title }: Message): string {
  return oneLine(`${project}: ${state === 'resolved' ? 'resolved: ' : ''}${title}`);
}

export function bodyOf({ state, since, at, text, link }: Message): string {
  const when = state === 'raised' ? `Since ${since}` : `From ${since} to ${at}`;
  return printable(`${text}\n\n${when}.${link === undefined ? '' : `\n${link}`}`);
}
