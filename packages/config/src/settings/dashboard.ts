import { anyText, flag, matching, wholeNumber } from '../kinds.ts';
import { trustedProxies } from '../proxies.ts';
import { optional, setting } from '../setting.ts';

export const dashboard = {
  maxAgeHours: optional({
    name: 'MAX_AGE_HOURS',
    kind: wholeNumber(1, 87_600),
    defaultText: 'the longest gap of SCHEDULE, and 2 hours',
    meaning: 'the newest good backup may be this old before it counts as overdue',
    example: '48',
  }),
  dashboardHost: setting({
    name: 'DASHBOARD_HOST',
    kind: matching(/^[A-Za-z0-9.:_-]+$/, 'an address or host name of this machine'),
    default: '127.0.0.1',
    meaning: 'address the dashboard listens on; anything but loopback needs DASHBOARD_PASSWORD',
    example: '0.0.0.0',
  }),
  dashboardPort: setting({
    name: 'DASHBOARD_PORT',
    kind: wholeNumber(0, 65_535),
    default: '3900',
    meaning: 'port the dashboard listens on; 0: any free one',
    example: '8080',
  }),
  dashboardPassword: optional({
    name: 'DASHBOARD_PASSWORD',
    kind: {
      ...matching(/^.{8,1024}$/s, 'at least 8 characters'),
      allowed: 'at least 8 characters, or a line made by `--hash-password`',
    },
    usedBy: ['dashboard'],
    secret: 'whole',
    meaning: 'asked for at the login; as it is, or hashed (`scrypt:…`, see docs/dashboard.md)',
    example: 'correct horse battery staple',
  }),
  dashboardToken: optional({
    name: 'DASHBOARD_TOKEN',
    kind: matching(/^[\x21-\x7e]{16,512}$/, 'at least 16 printable characters without spaces'),
    usedBy: ['dashboard'],
    secret: 'whole',
    meaning: 'for scripts: `Authorization: Bearer …` instead of a login; it may do all that a login may',
    example: 'k3J9x0Qm7w2Zt5Vb8nL4',
  }),
  metricsToken: optional({
    name: 'METRICS_TOKEN',
    kind: matching(/^[\x21-\x7e]{16,512}$/, 'at least 16 printable characters without spaces'),
    usedBy: ['dashboard'],
    secret: 'whole',
    meaning: 'for Prometheus: opens `/metrics` and nothing else, as `Authorization: Bearer …`',
    example: 'f6Hn2Rk8Ys4Wq1Zt9Xb3',
  }),
  dashboardBasePath: setting({
    name: 'DASHBOARD_BASE_PATH',
    kind: matching(
      /^(\/[A-Za-z0-9._~-]+)*\/?$/,
      'a path of letters, digits, dot, dash, underscore and tilde',
    ),
    default: '/',
    meaning: 'path a reverse proxy serves the dashboard under',
    example: '/backup',
  }),
  dashboardReadOnly: setting({
    name: 'DASHBOARD_READ_ONLY',
    kind: flag,
    default: 'false',
    meaning: 'true: the dashboard shows everything and starts nothing',
    example: 'true',
  }),
  dashboardQueuesWritable: setting({
    name: 'DASHBOARD_QUEUES_WRITABLE',
    kind: flag,
    default: 'false',
    meaning: 'true: jobs can be retried, promoted and removed in bull-board at /queues',
    example: 'true',
  }),
  dashboardTrustProxy: setting({
    name: 'DASHBOARD_TRUST_PROXY',
    kind: trustedProxies,
    default: 'false',
    meaning:
      'whose X-Forwarded-For, -Proto and -Host are believed: addresses of proxies that set them; true: of every peer, where only the proxy can reach it',
    example: '172.16.0.0/12',
  }),
  dashboardRestoreCommand: setting({
    name: 'DASHBOARD_RESTORE_COMMAND',
    kind: anyText,
    default: 'gofr-backup restore',
    meaning: 'how the restore command shown in the dashboard begins, as typed on this host',
    example: 'docker compose run --rm backup restore',
  }),
};
