import type { ConnectionOptions, Telemetry } from 'bullmq';
import { type Logger, silentLogger } from '@gofr-backup/model';
import type { Connection } from './connection.ts';
import type { QueueKind } from './jobs/contract.ts';
import { TolerantQueue } from './records/tolerant-queue.ts';
import type { KeySource } from './requests/signature.ts';

/** The {hash tag} keeps every key of a queue on one node of a Redis Cluster. */
export const KEY_PREFIX = '{gofr-backup}';

/** One queue of each kind a project, whatever number of hosts works on it. */
export const queueName = (project: string, kind: QueueKind = 'backup'): string => `gofr-${project}-${kind}`;

const DAY = 24 * 60 * 60;

/** Applied by BullMQ when another job of the queue ends, so an old one may outlive its age. */
const HISTORY = {
  removeOnComplete: { age: 90 * DAY, count: 1000 },
  removeOnFail: { age: 90 * DAY, count: 1000 },
  keepLogs: 2000,
  stackTraceLimit: 5,
};

export interface BackupQueue {
  readonly project: string;
  readonly kind: QueueKind;
  readonly connection: Connection;
  /** signs what is added */
  readonly key: KeySource;
  /** BullMQ's own, for dashboards */
  readonly bull: TolerantQueue;
  /** Leaves the connection open. */
  close(): Promise<void>;
}

export interface QueueOptions {
  /** default: backup */
  kind?: QueueKind;
  logger?: Logger;
  telemetry?: Telemetry | undefined;
  /** default: none, so only what needs no signature can be added */
  key?: KeySource | undefined;
}

const NO_KEY: KeySource = () => Promise.resolve(undefined);

export function openQueue(project: string, connection: Connection, options: QueueOptions = {}): BackupQueue {
  const { kind = 'backup', logger = silentLogger, telemetry, key = NO_KEY } = options;
  const settings = {
    connection: bullConnection(connection),
    prefix: KEY_PREFIX,
    defaultJobOptions: HISTORY,
    ...(telemetry ? { telemetry } : {}),
  };
  const bull = new TolerantQueue(queueName(project, kind), settings, connection.client, logger);
  bull.on('error', (error) => logger.debug({ reason: error.message }, 'queue error'));
  return { project, kind, connection, key, bull, close: () => bull.close() };
}

/** What BullMQ's classes take; they share the client, and open a second one only where they must block. */
export const bullConnection = ({ client }: Connection): ConnectionOptions => client as ConnectionOptions;
