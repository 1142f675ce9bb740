/** Asks, retries, deduplicates: everything between who wants a backup and who makes it. */
export {
  acknowledge,
  alertsKey,
  forgetAcknowledgements,
  openAlerts,
  readAcknowledgements,
  readRaised,
  writeRaised,
} from './alerts.ts';
export { cancel } from './cancel.ts';
export { askRedis, connect, type Connection, type ConnectOptions } from './connection.ts';
export { readSummaryTime, writeSummaryTime } from './summary-time.ts';
export { type Consumer, type ConsumerOptions, type Ended, startConsumer } from './consumer.ts';
export {
  embeddedRedisDir,
  type EmbeddedRedis,
  findEmbeddedRedis,
  startEmbeddedRedis,
} from './embedded/index.ts';
export { enqueue, type EnqueuedJob, type EnqueueOptions, newJobId } from './enqueue.ts';
export { decodeFailure } from './failure.ts';
export { evictionPolicy, tellEviction } from './redis/eviction.ts';
export { follow, type FollowOptions } from './follow.ts';
export { serveHealth } from './health.ts';
export { beatHeart, type Heartbeat } from './heartbeat.ts';
export { findJob, jobLogs, listJobs, type QueueStatus, queueStatus } from './history.ts';
export { type JobStateName, type JobSummary, newestFirst } from './job-summary.ts';
export { findingOf } from './jobs/finding.ts';
export * from './jobs/index.ts';
export { parsePayload, withoutSignature } from './jobs/payload.ts';
export { sayNextRuns } from './next-run.ts';
export { resumeQueues } from './paused.ts';
export { type JobsPlace, type PastJob, pastJobs, rememberJob, withPastJobs } from './past-jobs.ts';
export { createLogger, type LogOptions } from './logger.ts';
export { type BackupQueue, bullConnection, KEY_PREFIX, openQueue, queueName } from './queue.ts';
export { reachOf } from './redis/reach.ts';
export { repeat } from './timing/repeat.ts';
export { judgeOf } from './requests/judge.ts';
export { removeWrongKeys } from './records/mend.ts';
export { isBelowAny, refuseTarget } from './requests/restore-roots.ts';
export { KEY_BYTES, type KeySource } from './requests/signature.ts';
export { SpentRequests } from './requests/spent.ts';
export { readReport, type WorkerReport, writeReport } from './report.ts';
export { runService } from './run-service.ts';
export { diskOfQueue, type ServiceConnection, serviceConnection } from './service-connection.ts';
export { startTracing, type TracingOptions } from './traces/telemetry.ts';
export { openTracedQueue, type TracedQueueOptions } from './traces/traced-queue.ts';
export type { Tracing } from './traces/tracing.ts';
export { within } from './within.ts';
