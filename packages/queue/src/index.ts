/** Asks, retries, deduplicates: everything between who wants a backup and who makes it. */
export { cancel } from './cancel.ts';
export { connect, type ConnectOptions, type Connection } from './connection.ts';
export { startConsumer, type Consumer, type ConsumerOptions, type Ended } from './consumer.ts';
export { findEmbeddedRedis, startEmbeddedRedis, type EmbeddedRedis } from './embedded.ts';
export { endOrphans } from './embedded-orphans.ts';
export { enqueue, parsePayload, type EnqueuedJob, type EnqueueOptions } from './enqueue.ts';
export { decodeFailure } from './failure.ts';
export { follow, type FollowOptions } from './follow.ts';
export { serveHealth } from './health.ts';
export { beatHeart, type Heartbeat } from './heartbeat.ts';
export {
  findJob,
  jobLogs,
  listJobs,
  queueStatus,
  type JobStateName,
  type JobSummary,
  type QueueStatus,
} from './history.ts';
export * from './jobs/index.ts';
export { createLogger, type LogOptions } from './logger.ts';
export { bullConnection, KEY_PREFIX, openQueue, queueName, type BackupQueue } from './queue.ts';
export { readReport, writeReport, type WorkerReport } from './report.ts';
export { redactRedisUrl } from './redis-url.ts';
export { runService } from './run-service.ts';
export { embeddedRedisDir, serviceConnection, type ServiceConnection } from './service-connection.ts';
export { startTracing, type Tracing, type TracingOptions } from './telemetry.ts';
export { openTracedQueue, type TracedQueueOptions } from './traced-queue.ts';
export { within } from './within.ts';
