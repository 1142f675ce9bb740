import { mkdir } from 'node:fs/promises';
import type { Logger } from '@gofr-backup/core';
import type { Session } from '../session.ts';
import { serviceLogger, untilStopped } from '../until-stopped.ts';
import { embeddedRedisDir } from '../reach-queue.ts';

/** Scheduler and worker in one process; they find each other through Redis, as if they were on two hosts. */
export async function run(session: Session): Promise<void> {
  const logger = serviceLogger(session, 'serve');
  const [scheduler, worker] = await Promise.all([
    import('@gofr-backup/scheduler'),
    import('@gofr-backup/worker'),
  ]);
  await using started = new AsyncDisposableStack();
  const keep = <T extends { stop(): Promise<void> }>(service: T): T => {
    started.defer(() => service.stop());
    return service;
  };
  const redisUrl = session.settings.redisUrl ?? keep(await privateRedis(session, logger)).url;
  const settings = { ...session.settings, redisUrl };
  keep(await worker.start(settings, { logger }));
  keep(await scheduler.start(settings, { logger }));
  const services = started.move();
  await untilStopped(session, logger, [{ stop: () => services.disposeAsync() }]);
}

async function privateRedis({ plan }: Session, logger: Logger) {
  const { startEmbeddedRedis } = await import('@gofr-backup/queue');
  const dir = embeddedRedisDir(plan.backupDir);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  return startEmbeddedRedis({ dir, logger });
}
