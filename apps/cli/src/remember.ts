/** What a command does by itself, without a queue, is remembered with the jobs. */
import { userInfo } from 'node:os';
import { systemClock, toBackupError } from '@gofr-backup/model';
import type { JobName, PayloadInput, Result } from '@gofr-backup/queue';
import type { Session } from './session.ts';

/** Answers and throws as `work`. */
export async function remembered<Name extends JobName>(
  session: Session,
  name: Name,
  payload: PayloadInput<Name>,
  work: () => Promise<Result<Name>>,
): Promise<Result<Name>> {
  const begun: Begun = { name, payload, at: systemClock.now() };
  const note = (end: End): Promise<void> =>
    remember(session, begun, end).catch((error: unknown) =>
      session.logger.warn({ err: error }, 'what was done is not remembered'),
    );
  try {
    const result = await work();
    await note({ result });
    return result;
  } catch (error) {
    await note({ error });
    throw error;
  }
}

interface Begun {
  name: JobName;
  payload: unknown;
  /** milliseconds since the epoch */
  at: number;
}

type End = { result: Result<JobName>; error?: never } | { error: unknown; result?: never };

async function remember({ plan }: Session, { name, payload, at }: Begun, end: End): Promise<void> {
  const { findingOf, newJobId, rememberJob } = await import('@gofr-backup/queue');
  const thrown = end.result === undefined ? end.error : findingOf(name, end.result);
  await rememberJob(plan, {
    ...{ id: newJobId(name), name, payload, by: userName() },
    state: thrown === undefined ? 'completed' : 'failed',
    ...{ scheduled: false, attempt: 1, created: at, started: at, finished: systemClock.now() },
    ...(thrown !== undefined && { error: toBackupError(thrown, name).words }),
    ...(end.result !== undefined && { result: end.result }),
  });
}

/** Who types. A container may run as a user without a name. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}
