import { cronOrOff } from '../cron.ts';
import { commaSeparated, matching, oneOf, urlOf, wholeNumber, type Kind } from '../kinds.ts';
import { optional, setting } from '../setting.ts';

const address = /^[^\s@,<>]+@[^\s@,<>]+$/;

const addresses: Kind<string[]> = {
  allowed: 'comma-separated e-mail addresses',
  schema: commaSeparated.schema.refine(
    (list) => list.every((item) => address.test(item)),
    'has an item that is no address',
  ),
};

export const alerts = {
  alertEmailTo: optional({
    name: 'ALERT_EMAIL_TO',
    kind: addresses,
    meaning:
      'who gets a mail when a backup fails, is overdue or corrupt, and when it is right again; needs SMTP_URL',
    example: 'ops@example.org,me@example.org',
  }),
  alertEmailFrom: setting({
    name: 'ALERT_EMAIL_FROM',
    kind: matching(address, 'an e-mail address'),
    default: 'gofr-backup@localhost',
    meaning: 'sender of these mails',
    example: 'backup@example.org',
  }),
  smtpUrl: optional({
    name: 'SMTP_URL',
    kind: urlOf('smtp:', 'smtps:'),
    usedBy: ['scheduler'],
    secret: 'url',
    meaning: 'mail server, with user and password; smtp uses STARTTLS where it is offered',
    example: 'smtps://user:password@mail.example.org',
  }),
  alertWebhookUrl: optional({
    name: 'ALERT_WEBHOOK_URL',
    kind: urlOf('https:', 'http:'),
    usedBy: ['scheduler'],
    secret: 'whole',
    meaning: 'gets one POST for each alert and one when it is over',
    example: 'https://ntfy.example.org/backups',
  }),
  alertWebhookFormat: setting({
    name: 'ALERT_WEBHOOK_FORMAT',
    kind: oneOf(['json', 'slack', 'discord', 'ntfy', 'gotify']),
    default: 'json',
    meaning: 'what the receiver of ALERT_WEBHOOK_URL understands',
    example: 'slack',
  }),
  alertWebhookSecret: optional({
    name: 'ALERT_WEBHOOK_SECRET',
    kind: matching(/^.{8,}$/s, 'at least 8 characters'),
    usedBy: ['scheduler'],
    secret: 'whole',
    meaning: 'signs the body: `X-Gofr-Signature: sha256=<HMAC>`',
    example: 'a long random text',
  }),
  dashboardUrl: optional({
    name: 'DASHBOARD_URL',
    kind: urlOf('https:', 'http:'),
    usedBy: ['scheduler'],
    meaning:
      'where a person opens the dashboard: alerts carry a link to the page that shows what they are about',
    example: 'https://backups.example.org/',
  }),
  alertSummarySchedule: setting({
    name: 'ALERT_SUMMARY_SCHEDULE',
    kind: cronOrOff,
    default: 'off',
    meaning: 'when to tell how the backups are, as alerts are told, also when nothing is wrong; `off`: never',
    example: '0 8 * * 1',
  }),
  heartbeatUrl: optional({
    name: 'HEARTBEAT_URL',
    kind: urlOf('https:', 'http:'),
    usedBy: ['worker'],
    secret: 'whole',
    meaning:
      'pinged at `/start`, on success and at `/fail` of every scheduled backup (healthchecks.io and its like)',
    example: 'https://hc.example.org/ping/0b2f7a1e',
  }),
  diskAlertPercent: setting({
    name: 'DISK_ALERT_PERCENT',
    kind: wholeNumber(0, 100),
    default: '90',
    meaning: 'an alert when BACKUP_DIR is this full; 0: never',
    example: '80',
  }),
};
