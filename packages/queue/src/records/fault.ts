/** What is wrong with a record that was read from Redis: whoever can write there can write anything. */
import type { Job, JobSchedulerJson } from 'bullmq';
import * as z from 'zod';

/** Nothing of ours is nearly as large, and a page that shows fifty such records must fit into memory. */
export const LARGEST_RECORD = 2 * 1024 * 1024;
const DEEPEST = 32;
const LATEST = 8.64e15;

const time = z.number().min(0).max(LATEST);
const count = z.number().min(0).max(LATEST);
const keeping = z.union([
  z.boolean(),
  count,
  z.object({ age: count.optional(), count: count.optional(), limit: count.optional() }),
]);

/** Of all that BullMQ does with a job's options, this is what it takes unseen. */
const optionsSchema = z.looseObject({
  attempts: count.optional(),
  delay: count.optional(),
  priority: count.optional(),
  timestamp: time.optional(),
  backoff: z
    .union([
      count,
      z.object({
        type: z.enum(['fixed', 'exponential']),
        delay: count,
        jitter: z.number().min(0).max(1).optional(),
      }),
    ])
    .optional(),
  removeOnComplete: keeping.optional(),
  removeOnFail: keeping.optional(),
  keepLogs: count.optional(),
  stackTraceLimit: count.optional(),
  repeat: z.looseObject({ pattern: z.string().max(200) }).optional(),
  // what it says about traces is checked where it is used
  telemetry: z.looseObject({}).optional(),
});

/** Jobs of ours have no parents. */
const jobSchema = z
  .object({
    id: z.string().min(1).max(200),
    name: z.string().regex(/^[\w.-]{1,100}$/),
    timestamp: time,
    delay: count,
    priority: count,
    attemptsStarted: count,
    attemptsMade: count,
    stalledCounter: count,
    processedOn: time.optional(),
    finishedOn: time.optional(),
    failedReason: z.string().optional(),
    repeatJobKey: z.string().max(200).optional(),
    opts: optionsSchema,
    parent: z.undefined().optional(),
    parentKey: z.undefined().optional(),
  })
  .refine(({ repeatJobKey, opts }) => repeatJobKey === undefined || opts.repeat !== undefined, {
    message: 'is of a schedule that it does not name',
  });

const schedulerSchema = z.object({
  key: z.string().min(1).max(200),
  name: z.string().regex(/^[\w.-]{1,100}$/),
  next: time.optional(),
  pattern: z.string().max(200),
  tz: z.string().refine(isTimezone, 'is no time zone').optional(),
});

export function faultOfJob(job: Job): string | undefined {
  const parsed = jobSchema.safeParse(job);
  if (!parsed.success) return reasonOf(parsed.error);
  const { data, progress, returnvalue, opts } = job as { [Field in keyof Job]: unknown };
  return [data, progress, returnvalue, opts].some((value) => isDeep(value))
    ? 'is nested too deeply'
    : undefined;
}

export function faultOfScheduler(scheduler: JobSchedulerJson): string | undefined {
  const parsed = schedulerSchema.safeParse(scheduler);
  if (!parsed.success) return reasonOf(parsed.error);
  return isDeep(scheduler.template) ? 'is nested too deeply' : undefined;
}

/** One short line; what was read is not repeated, for it may be long, or a secret. */
function reasonOf({ issues }: z.ZodError): string {
  const [first] = issues;
  return `${first?.path.join('.') || 'it'}: ${first?.message.slice(0, 100) ?? 'not as expected'}`;
}

/** Code that goes down into such a value, JSON.stringify among it, would run out of stack. */
function isDeep(value: unknown, left = DEEPEST): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return left === 0 || Object.values(value).some((inner) => isDeep(inner, left - 1));
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name }).format();
    return true;
  } catch {
    return false;
  }
}
