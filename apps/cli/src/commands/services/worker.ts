import type { Session } from '../../session.ts';
import { serviceLogger, untilStopped } from '../../until-stopped.ts';

export async function run(session: Session): Promise<void> {
  const logger = serviceLogger(session, 'worker');
  const stopped = untilStopped(session, logger);
  const { start } = await import('@gofr-backup/worker');
  const service = await start(session.settings, { logger });
  await stopped;
  await service.stop();
}
