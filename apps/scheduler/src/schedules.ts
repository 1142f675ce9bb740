import type { Settings } from '@gofr-backup/config';
import type { JobSchedulerTemplateOptions } from 'bullmq';
import { type JobName, JOBS, parsePayload, type Payload } from '@gofr-backup/queue';

/** A job that is due again and again. */
export interface Schedule {
  /** permanent: it names the schedule in Redis */
  id: string;
  job: JobName;
  /** five fields */
  pattern: string;
  timezone: string;
  payload: Payload<JobName>;
  options: JobSchedulerTemplateOptions;
}

/** What the settings ask for; nothing when ENABLED is false. */
export function schedulesFrom(settings: Settings): Schedule[] {
  if (!settings.enabled) return [];
  const { schedule, verifySchedule, drillSchedule, timezone } = settings;
  const make = (job: 'backup' | 'verify' | 'drill', pattern: string | null, input: object): Schedule[] => {
    if (pattern === null) return [];
    const payload = parsePayload(job, { ...input, trigger: 'schedule' });
    const { attempts, backoff } = JOBS[job];
    // Each run gets a trace of its own: BullMQ would pass the first run's trace on to all that follow.
    const options = { attempts, backoff: { ...backoff }, telemetry: { omitContext: true } };
    return [{ id: job, job, pattern, timezone, payload, options }];
  };
  return [
    ...make('backup', schedule, {}),
    ...make('verify', verifySchedule, { which: 'oldest-verified' }),
    ...make('drill', drillSchedule, { backup: 'latest' }),
  ];
}
