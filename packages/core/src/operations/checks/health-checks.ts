/**
 * What `doctor` checks, in one table. Each check judges facts that were gathered before, so that it can be shown on the
 * page and tried in a test. A check answers one line for each thing that it looks at, or none.
 */
import { formatCount, formatSize, formatSpan, formatTime, type StoreState } from '@gofr-backup/model';
import type { StoreProblem } from '../../safety/index.ts';
import { type LiveServer, liveServerHint, liveServerText } from './live-servers.ts';

export interface HealthLine {
  name: string;
  ok: boolean;
  message: string;
  /** what to do; empty when all is well */
  hint: string;
}

/** A store, and what is wrong with it; `reach`: why it cannot be reached or used now. */
export interface StoreFacts {
  state: StoreState;
  problems: readonly StoreProblem[];
  reach?: { why: string; hint: string };
}

export interface HealthFacts {
  now: number;
  timezone: string;
  uid: number | undefined;
  components: readonly {
    name: string;
    root: string;
    state: 'missing' | 'empty' | 'filled' | 'unreadable';
    /** unreadable: the owner of what may not be read */
    owner?: number;
  }[];
  servers: readonly (LiveServer | { text: string; hint: string })[];
  space: { directory: string } & (
    { free: number; lastBackup: number | undefined; minFree: number } | { problem: string }
  );
  schedule: {
    enabled: boolean;
    pattern: string;
    timezone: string;
    /** milliseconds since the epoch */
    next: readonly number[];
    /** a scheduler has set it up; undefined: not known */
    scheduled: boolean | undefined;
  };
  redis:
    | { state: 'none' | 'own' }
    | { state: 'answers'; address: string; workers: number }
    | { state: 'evicts'; policy: string }
    | { state: 'paused'; queues: readonly string[] }
    | { state: 'down'; problem: string };
  /** names of the channels; `deliveries`: a test was sent through each */
  alerts: {
    channels: readonly string[];
    deliveries?: readonly { channel: string; ok: boolean; reason?: string }[];
  };
  backups: {
    total: number;
    /** milliseconds since the epoch */
    newestGood: number | undefined;
    maxAge: number;
    lastDrill: { at: number; ok: boolean; backup: string } | undefined;
  };
  /** components whose data lies on the file system of the backups */
  sharedDisk: readonly string[];
  /** off-site copies */
  stores: readonly StoreFacts[];
  /** sentences: what this system cannot do */
  lacks: readonly string[];
}

type Finding = Omit<HealthLine, 'name'>;
const ok = (message: string): Finding => ({ ok: true, message, hint: '' });
const wrong = (message: string, hint: string): Finding => ({ ok: false, message, hint });

export const HEALTH_CHECKS: readonly { name: string; check: (facts: HealthFacts) => Finding[] }[] = [
  {
    name: 'data',
    check: ({ components, uid }) => components.map((component) => dataFinding(component, uid)),
  },
  {
    name: 'databases',
    check: ({ servers }) => servers.map(serverFinding),
  },
  { name: 'space', check: ({ space }) => [spaceFinding(space)] },
  { name: 'schedule', check: ({ schedule }) => [scheduleFinding(schedule)] },
  { name: 'redis', check: ({ redis }) => [redisFinding(redis)] },
  { name: 'alerts', check: ({ alerts }) => alertFindings(alerts) },
  { name: 'backups', check: (facts) => [backupFinding(facts)] },
  { name: 'drill', check: (facts) => drillFindings(facts) },
  {
    name: 'copies',
    check: ({ stores, sharedDisk }) =>
      stores.length > 0 ? stores.flatMap(storeFindings) : onlyHere(sharedDisk),
  },
  { name: 'system', check: ({ lacks }) => systemFindings(lacks) },
];

/** Every line, in the order of the table. */
export const judgeHealth = (facts: HealthFacts): HealthLine[] =>
  HEALTH_CHECKS.flatMap(({ name, check }) => check(facts).map((finding) => ({ name, ...finding })));

/** A choice, so it is no fault: but a person should know of it. */
function onlyHere(sharedDisk: readonly string[]): Finding[] {
  if (sharedDisk.length === 0) return [];
  const message = `no store: the backups lie on the disk of the data (${sharedDisk.join(', ')}), and would be lost with it`;
  return [{ ...ok(message), hint: 'Set OFFSITE_URL to a place elsewhere; see docs/offsite.md.' }];
}

function storeFindings({ state, problems, reach }: StoreFacts): Finding[] {
  const { store = '', url = '', copies = 0, newest, drilled_at } = state;
  const found = problems.map(({ text, todo }) => wrong(text, todo));
  if (reach) found.unshift(wrong(`${store} (${url}) cannot be used: ${reach.why}`, reach.hint));
  if (found.length > 0) return found;
  const held =
    newest === undefined
      ? 'no copy yet'
      : `${formatCount(copies, 'copy', 'copies')}, the newest ${newest.filename}, ${drilled_at === undefined ? 'never drilled' : `drilled on ${drilled_at.slice(0, 10)}`}`;
  return [ok(`${store} (${url}): ${held}`)];
}

function dataFinding(
  { name, root, state, owner }: HealthFacts['components'][number],
  uid: number | undefined,
): Finding {
  if (state === 'filled')
    return ok(`${name}: ${root} can be read${uid === undefined ? '' : ` as uid ${uid}`}`);
  if (state === 'empty')
    return wrong(`${name}: there is no file in ${root}`, 'Check that the volume is mounted there.');
  if (state === 'missing')
    return wrong(
      `${name}: ${root} does not exist`,
      `Mount the volume there, set DATA_DIR or PATHS, or switch the component off (INCLUDE_${name.toUpperCase()}=false).`,
    );
  const as = owner === undefined ? 'as the uid that owns the files' : `as uid ${owner}`;
  return wrong(
    `${name}: not all of ${root} can be read${uid === undefined ? '' : ` as uid ${uid}`}`,
    `Run ${as}, or as root with only DAC_READ_SEARCH.`,
  );
}

/** `text`: judged where the server was seen. */
const serverFinding = (live: HealthFacts['servers'][number]): Finding =>
  'text' in live ? wrong(live.text, live.hint) : wrong(liveServerText(live), liveServerHint(live));

const FEW_BACKUPS = 3;

function spaceFinding({ directory, ...space }: HealthFacts['space']): Finding {
  if ('problem' in space)
    return wrong(
      `${directory} cannot be used: ${space.problem}`,
      'Mount the backup volume there, or set BACKUP_DIR.',
    );
  const { free, lastBackup, minFree } = space;
  const room = `${formatSize(free)} free in ${directory}`;
  if (lastBackup === undefined || lastBackup === 0)
    return ok(`${room}; no backup tells yet how much it takes`);
  const fits = Math.max(0, Math.floor((free - minFree) / lastBackup));
  const message = `${room}: room for ${formatCount(fits, 'more backup')} like the last (${formatSize(lastBackup)})`;
  if (fits >= FEW_BACKUPS) return ok(message);
  return wrong(message, 'Free space there, or lower RETENTION_DAYS or MAX_COUNT.');
}

function scheduleFinding({ enabled, pattern, timezone, next, scheduled }: HealthFacts['schedule']): Finding {
  if (!enabled)
    return wrong('ENABLED is false: nothing is scheduled', 'Set ENABLED=true to schedule backups.');
  const runs = next.map((at) => formatTime(at, timezone)).join(', ');
  const message = `${pattern} (${timezone}): ${runs}`;
  if (scheduled === false)
    return wrong(
      `${message}, but no scheduler has set it up`,
      'Start `gofr-backup serve` (or the scheduler service).',
    );
  return ok(message);
}

function redisFinding(redis: HealthFacts['redis']): Finding {
  switch (redis.state) {
    case 'none':
      return wrong(
        'REDIS_URL is unset, and no `gofr-backup serve` runs on this backup directory',
        'Start `gofr-backup serve`: without it nothing runs by itself. Commands work all the same.',
      );
    case 'own':
      return ok('a `gofr-backup serve` runs, with a private Redis');
    case 'down':
      return wrong(redis.problem, 'Check REDIS_URL and that Redis runs. Recovery commands work without it.');
    case 'evicts':
      return wrong(
        `Redis throws away jobs and schedules when its memory is full (maxmemory-policy ${redis.policy})`,
        'Set maxmemory-policy noeviction in Redis, or give the queue a Redis of its own.',
      );
    case 'paused':
      return wrong(
        `the queue of ${redis.queues.join(' and of ')} is paused: no job of it begins, not even a scheduled one`,
        'Resume it: gofr-backup resume, or the button on the page.',
      );
    case 'answers':
      return redis.workers > 0
        ? ok(`${redis.address} answers; ${formatCount(redis.workers, 'worker')}`)
        : wrong(
            `${redis.address} answers, but no worker is connected`,
            'Start `gofr-backup serve` (or the worker service).',
          );
  }
}

function alertFindings({ channels, deliveries }: HealthFacts['alerts']): Finding[] {
  if (channels.length === 0)
    return [
      wrong(
        'No alert channel is configured',
        'Set ALERT_EMAIL_TO, ALERT_WEBHOOK_URL or HEARTBEAT_URL: else nobody hears of a backup that fails.',
      ),
    ];
  if (deliveries === undefined)
    return [ok(`${channels.join(', ')}; \`gofr-backup doctor --test-alerts\` sends a test through each`)];
  return deliveries.map(({ channel, ok: taken, reason = 'no reason was given' }) =>
    taken
      ? ok(`${channel} took the test`)
      : wrong(`${channel} did not take the test: ${reason}`, 'Check its settings: gofr-backup config.'),
  );
}

function backupFinding({ backups, now, timezone }: HealthFacts): Finding {
  const { total, newestGood, maxAge } = backups;
  if (newestGood === undefined)
    return total === 0
      ? wrong('There is no backup yet', 'Make the first: gofr-backup now.')
      : wrong(
          `None of ${formatCount(total, 'backup')} is good`,
          'Verify them (gofr-backup verify --all), or make one: gofr-backup now.',
        );
  const message = `${formatCount(total, 'backup')}, the newest good one of ${formatTime(newestGood, timezone)}`;
  if (now - newestGood <= maxAge) return ok(message);
  return wrong(
    `${message}: ${formatSpan(now - newestGood)} old, where ${formatSpan(maxAge)} are allowed`,
    'Make one now (gofr-backup now), and look at gofr-backup status for why the schedule did not.',
  );
}

function drillFindings({ backups: { newestGood, lastDrill }, timezone }: HealthFacts): Finding[] {
  if (lastDrill === undefined)
    return newestGood === undefined
      ? []
      : [wrong('No restore was tried yet', 'Try one: gofr-backup drill. It touches no data.')];
  const { at, backup } = lastDrill;
  if (lastDrill.ok) return [ok(`${backup} was restored and compared on ${formatTime(at, timezone)}`)];
  return [
    wrong(
      `the drill of ${backup} on ${formatTime(at, timezone)} failed`,
      `See what differs: gofr-backup drill ${backup}; and drill another one.`,
    ),
  ];
}

function systemFindings(lacks: readonly string[]): Finding[] {
  if (lacks.length === 0) return [ok('extended attributes, nanosecond times and holes are kept')];
  const hint = 'Install with optional dependencies, so that koffi is there; the container image has it.';
  return lacks.map((sentence) => wrong(sentence, hint));
}
