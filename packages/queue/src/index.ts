/** Asks, retries, deduplicates: everything between who wants a backup and who makes it. */
export { cancel } from './cancel.ts';
export { connect, type ConnectOptions, type Connection } from './connection.ts';
export { startConsumer, type Consumer, type ConsumerOptions } from './consumer.ts';
export { findEmbeddedRedis, startEmbeddedRedis, type EmbeddedRedis } from './embedded.ts';
export { enqueue, type EnqueuedJob, type EnqueueOptions } from './enqueue.ts';
export { decodeFailure } from './failure.ts';
export { follow, type FollowOptions } from './follow.ts';
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
export { readReport, type WorkerReport, writeReport } from './report.ts';
export { redactRedisUrl } from './redis-url.ts';
