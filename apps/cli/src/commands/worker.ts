import type { Session } from '../session.ts';
import { serviceLogger, untilStopped } from '../until-stopped.ts';

export async function run(session: Session): Promise<void> {
  const { start } = await import('@gofr-backup/worker');
  const logger = serviceLogger(session, 'worker');
  const service = await start(session.settings, { logger });
  await untilStopped(session, logger);
  await service.stop();
}
