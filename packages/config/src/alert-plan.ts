import { BackupError } from '@gofr-backup/model';
import type { Settings } from './settings.ts';

/** Where alerts go. Every part is absent that was not set. */
export interface AlertPlan {
  mail?: { smtpUrl: string; from: string; to: string[] };
  webhook?: { url: string; format: Settings['alertWebhookFormat']; secret?: string };
  heartbeatUrl?: string;
}

export function alertPlanFrom(settings: Settings): AlertPlan {
  const {
    alertEmailTo: to,
    smtpUrl,
    alertEmailFrom: from,
    alertWebhookUrl: url,
    alertWebhookSecret: secret,
  } = settings;
  if (to && to.length > 0 && !smtpUrl) {
    throw new BackupError('CONFIG', 'ALERT_EMAIL_TO is set, but SMTP_URL is not', {
      why: 'Mail needs a server to hand it to.',
      hint: 'Set SMTP_URL, e.g. smtps://user:password@mail.example.org, or unset ALERT_EMAIL_TO.',
    });
  }
  return {
    ...(to && to.length > 0 && smtpUrl ? { mail: { smtpUrl, from, to } } : {}),
    ...(url ? { webhook: { url, format: settings.alertWebhookFormat, ...(secret ? { secret } : {}) } } : {}),
    ...(settings.heartbeatUrl ? { heartbeatUrl: settings.heartbeatUrl } : {}),
  };
}
