import type { Session } from '../../session.ts';
import { serviceLogger, untilStopped } from '../../until-stopped.ts';

/**
 * Scheduler and worker in one process. They meet in Redis as if they were on two hosts; with REDIS_URL unset each
 * brings up, or joins, the private one of BACKUP_DIR.
 */
export async function run(session: Session): Promise<void> {
  const logger = serviceLogger(session, 'serve');
  const stopped = untilStopped(session, logger);
  const [scheduler, worker] = await Promise.all([
    import('@gofr-backup/scheduler'),
    import('@gofr-backup/worker'),
  ]);
  await using services = new AsyncDisposableStack();
  const keep = (service: { stop(): Promise<void> }): void => services.defer(() => service.stop());
  keep(await worker.start(session.settings, { logger, tellsNextRun: false }));
  // one process, one port: the worker's answer covers both
  keep(await scheduler.start({ ...session.settings, healthPort: undefined }, { logger }));
  await stopped;
}
