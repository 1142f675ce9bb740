/** What Prometheus reads; every name is documented in docs/metrics.md. Gathered anew at each scrape. */
import { Gauge, Registry } from 'prom-client';
import { STATUSES, TIERS } from '@gofr-backup/model';
import { QUEUE_KINDS } from '@gofr-backup/queue';
import { REVISION, VERSION } from '@gofr-backup/model/version';
import type { State } from '../sources/state.ts';
import type { JobView } from '../view/job.ts';

export interface Metrics {
  contentType: string;
  render(state: State): Promise<string>;
}

/** Gauges without a value are left out of the answer: what is unknown is not zero. */
export function createMetrics(project: string): Metrics {
  const registry = new Registry();
  const gauge = (name: string, help: string, labels: string[] = []) =>
    new Gauge({
      name: `gofr_backup_${name}`,
      help,
      labelNames: ['project', ...labels],
      registers: [registry],
    });
  const fillers = [
    programGauge(gauge, project),
    backupGauges(gauge, project),
    lastBackupGauges(gauge, project),
    runGauges(gauge, project),
    serviceGauges(gauge, project),
    copyGauges(gauge, project),
  ];
  return {
    contentType: registry.contentType,
    async render(state) {
      // reset, fill and render without a pause between: two scrapes at once never mix
      registry.resetMetrics();
      for (const fill of fillers) fill(state);
      return registry.metrics();
    },
  };
}

type Make = (name: string, help: string, labels?: string[]) => Gauge;
type Fill = (state: State) => void;

const seconds = (ms: number): number => ms / 1000;

function programGauge(gauge: Make, project: string): Fill {
  const build = gauge('build_info', 'Always 1; the labels say which program answers.', [
    'version',
    'revision',
  ]);
  return () => build.set({ project, version: VERSION, revision: REVISION ?? 'unknown' }, 1);
}

function backupGauges(gauge: Make, project: string): Fill {
  const backups = gauge('backups', 'Backups in the directory by tier and status.', ['tier', 'status']);
  const bytes = gauge('stored_bytes', 'Bytes of all archives by tier, hard links counted in full.', ['tier']);
  const newest = gauge('newest_good_timestamp_seconds', 'When the newest good backup was made.', ['tier']);
  const age = gauge('newest_good_age_seconds', 'Age of the newest good backup.', ['tier']);
  const drilled = gauge('last_drill_timestamp_seconds', 'When a backup was last restored in a drill.', [
    'tier',
  ]);
  const drillAge = gauge('last_drill_age_seconds', 'Age of the last restore drill.', ['tier']);
  const drillOk = gauge('last_drill_success', '1 when the last restore drill passed, else 0.', ['tier']);
  return ({ survey, now }) => {
    for (const tier of TIERS) {
      const ofTier = survey.all.filter(({ entry }) => entry.tier === tier);
      for (const status of STATUSES) {
        backups.set({ project, tier, status }, ofTier.filter(({ entry }) => entry.status === status).length);
      }
      bytes.set(
        { project, tier },
        ofTier.reduce((sum, { entry }) => sum + entry.size_bytes, 0),
      );
      const good = survey.newestGoodOf.get(tier);
      if (good) newest.set({ project, tier }, seconds(good.at));
      if (good) age.set({ project, tier }, seconds(Math.max(0, now - good.at)));
      const drill = survey.lastDrillOf.get(tier);
      if (!drill) continue;
      drilled.set({ project, tier }, seconds(drill.at));
      drillAge.set({ project, tier }, seconds(now - drill.at));
      drillOk.set({ project, tier }, drill.ok ? 1 : 0);
    }
  };
}

function copyGauges(gauge: Make, project: string): Fill {
  const held = gauge('copies', 'Copies in a store.', ['store']);
  const newest = gauge('newest_copy_timestamp_seconds', 'When the newest backup in a store was made.', [
    'store',
  ]);
  const success = gauge('last_copy_success', '1 when the last copy to a store went well, else 0.', ['store']);
  const wrong = gauge('copy_problems', 'What is wrong with the copies in a store.', ['store']);
  return ({ copies }) => {
    for (const { state, problems } of copies) {
      const labels = { project, store: state.store ?? '' };
      if (state.copies !== undefined) held.set(labels, state.copies);
      if (state.newest) newest.set(labels, seconds(Date.parse(state.newest.created_at)));
      if (state.failure !== undefined) success.set(labels, state.failure === null ? 1 : 0);
      wrong.set(labels, problems.length);
    }
  };
}

function lastBackupGauges(gauge: Make, project: string): Fill {
  const read = gauge('last_backup_read_bytes', 'Bytes of files in the newest backup.');
  const written = gauge('last_backup_written_bytes', 'Archive bytes of the newest backup compressed anew.');
  const reused = gauge(
    'last_backup_reused_bytes',
    'Archive bytes of the newest backup copied from the one before.',
  );
  const size = gauge('last_backup_size_bytes', 'Archive bytes of the newest backup.');
  const files = gauge('last_backup_files', 'Files in the newest backup.');
  const duration = gauge(
    'last_backup_duration_seconds',
    'How long the newest backup took, without verifying it.',
  );
  const verify = gauge('last_backup_verify_seconds', 'How long verifying the newest backup took.');
  const warnings = gauge('last_backup_warnings', 'Warnings of the newest backup.');
  return ({ survey }) => {
    const entry = survey.newest?.entry;
    if (!entry) return;
    const set = (one: Gauge, value: number | undefined) => value !== undefined && one.set({ project }, value);
    set(read, entry.source_bytes);
    set(reused, entry.reused_bytes);
    set(
      written,
      entry.reused_bytes === undefined ? undefined : Math.max(0, entry.size_bytes - entry.reused_bytes),
    );
    set(size, entry.size_bytes);
    set(files, entry.files);
    set(duration, entry.duration_ms && seconds(entry.duration_ms));
    set(verify, entry.verify_ms && seconds(entry.verify_ms));
    set(warnings, entry.warnings?.length ?? 0);
  };
}

function runGauges(gauge: Make, project: string): Fill {
  const success = gauge('last_run_success', '1 when the last finished run succeeded, else 0.', ['operation']);
  const at = gauge('last_run_timestamp_seconds', 'When the last run finished.', ['operation']);
  const took = gauge('last_run_duration_seconds', 'How long the last finished run took.', ['operation']);
  return ({ jobs }) => {
    for (const job of newestFinished(jobs ?? [])) {
      const labels = { project, operation: job.name };
      success.set(labels, job.state === 'completed' ? 1 : 0);
      at.set(labels, seconds(job.finishedAt ?? 0));
      if (job.startedAt !== undefined) took.set(labels, seconds((job.finishedAt ?? 0) - job.startedAt));
    }
  };
}

function newestFinished(jobs: readonly JobView[]): JobView[] {
  const newest = new Map<string, JobView>();
  for (const job of jobs) {
    if (job.finishedAt === undefined || job.cancelled) continue;
    if (!((newest.get(job.name)?.finishedAt ?? 0) > job.finishedAt)) newest.set(job.name, job);
  }
  return [...newest.values()];
}

function serviceGauges(gauge: Make, project: string): Fill {
  const limit = gauge('max_age_seconds', 'The newest good backup may be this old.');
  const enabled = gauge('schedule_enabled', '1 when backups are scheduled, else 0.');
  const next = gauge('next_run_timestamp_seconds', 'When the next scheduled backup runs.');
  const missed = gauge('missed_runs', 'Scheduled runs within the daily retention that made no backup.');
  const up = gauge('queue_up', '1 when Redis answers, else 0.');
  const depth = gauge('queue_jobs', 'Jobs in the queue by state.', ['state']);
  const workers = gauge('workers', 'Workers connected to the queue.');
  const paused = gauge('queue_paused', '1 when a queue is paused, so that none of its jobs begins, else 0.', [
    'queue',
  ]);
  const free = gauge('disk_free_bytes', 'Bytes free on the file system of the backups.');
  const size = gauge('disk_size_bytes', 'Bytes of the file system of the backups.');
  const safe = gauge('safe', '1 safe, 0.5 needs attention, 0 in danger: as the dashboard judges.');
  const levels = { safe: 1, attention: 0.5, danger: 0 };
  return (state) => {
    limit.set({ project }, seconds(state.maxAge));
    enabled.set({ project }, state.nextRun === undefined ? 0 : 1);
    if (state.nextRun !== undefined) next.set({ project }, seconds(state.nextRun));
    missed.set({ project }, state.missed.length);
    up.set({ project }, state.queue ? 1 : 0);
    for (const [name, count] of Object.entries(state.queue?.counts ?? {}))
      depth.set({ project, state: name }, count);
    if (state.queue) workers.set({ project }, state.queue.workers);
    for (const queue of state.queue ? QUEUE_KINDS : [])
      paused.set({ project, queue }, state.queue?.paused.includes(queue) ? 1 : 0);
    if (state.disk) free.set({ project }, state.disk.free);
    if (state.disk) size.set({ project }, state.disk.total);
    safe.set({ project }, levels[state.safety.level]);
  };
}
