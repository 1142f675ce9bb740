/** What somebody who can write to Redis may leave in a queue. Apart from the other helpers, because it takes seconds to load. */
import fc from 'fast-check';

const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

const NASTY = [
  ...[
    '',
    '0',
    '-1',
    '1e999',
    'NaN',
    'null',
    'true',
    '[]',
    '{}',
    '"text"',
    '{',
    '[1,2',
    'undefined',
    '\0',
    '\u001b[2J',
  ],
  ...[
    '{"__proto__":{"polluted":true}}',
    '{"constructor":{"prototype":{"polluted":true}}}',
    '__proto__',
    'toString',
  ],
  ...[deep(500), deep(200_000), 'x'.repeat(3_000_000), '9'.repeat(400), '8640000000000001', '\ud800'],
  ...[
    '{"attempts":-1}',
    '{"attempts":"x","backoff":{"type":"evil"}}',
    '{"backoff":{"type":"evil","delay":1}}',
  ],
  ...[
    '{"repeat":null}',
    '{"repeat":{"pattern":"never"}}',
    '{"removeOnFail":"yes"}',
    '{"delay":1e300}',
    '{"kl":[]}',
  ],
  ...['{"busySince":"x"}', '{"signature":{"issued":1,"mac":"x"}}', '{"phase":{},"bytes":"x","files":[]}'],
];
const JOB_FIELDS = [
  ...[
    'name',
    'data',
    'opts',
    'progress',
    'delay',
    'priority',
    'timestamp',
    'ats',
    'atm',
    'stc',
    'finishedOn',
  ],
  ...[
    'processedOn',
    'rjk',
    'deid',
    'failedReason',
    'defa',
    'stacktrace',
    'returnvalue',
    'parentKey',
    'parent',
    'pb',
  ],
];
const SCHEDULE_FIELDS = [
  'name',
  'ic',
  'tz',
  'pattern',
  'every',
  'offset',
  'data',
  'opts',
  'endDate',
  'limit',
];
const REPORT_FIELDS = [
  'seen_at',
  'last_backup',
  'last_drill',
  'newest_good_at',
  'corrupt',
  'gone',
  'held',
  'disk',
];
const ODD_FIELDS = ['__proto__', 'constructor', 'hasOwnProperty', 'no such field', ''];
const LISTS = ['active', 'wait', 'paused'];
const ORDERED = ['delayed', 'prioritized', 'waiting-children', 'completed', 'failed', 'repeat', 'marker'];
const OTHERS = [
  'stalled',
  'meta',
  'events',
  'id',
  'pc',
  'limiter',
  'stalled-check',
  'de:backup-daily',
  'report',
  'alerts',
  'alerts:acknowledged',
];
const STATES = [...LISTS, ...ORDERED];

const value = fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary' }), fc.json());
const name = fc.oneof(
  fc.constantFrom('one', 'two', 'backup', '__proto__', 'a:b:c:d:e:f', '', 'x'.repeat(5000), '\u001b[31m'),
  fc.string({ unit: 'binary' }),
);
const fieldsOf = (fields: string[]) =>
  fc.dictionary(fc.oneof(fc.constantFrom(...fields), fc.constantFrom(...ODD_FIELDS)), value, {
    minKeys: 1,
    noNullPrototype: false,
  });

/** A key of another type, or of another content. */
const key = fc.oneof(
  fc.constantFrom(...LISTS, ...ORDERED, ...OTHERS),
  fc.constantFrom(
    'one',
    'one:logs',
    'one:lock',
    'repeat:backup',
    'repeat:one',
    'repeat:backup:1765591200000',
  ),
);
/** A command of Redis: its name, a key of the queue, and the rest. */
export type RedisWrite = [command: string, key: string, ...rest: string[]];

const wrongType: fc.Arbitrary<RedisWrite[]> = fc
  .record({ key, value, type: fc.constantFrom('string', 'list', 'set', 'zset', 'hash', 'stream') })
  .map(({ key: at, value: text, type }) => {
    const writes: Record<string, RedisWrite> = {
      string: ['set', at, text],
      list: ['rpush', at, text],
      set: ['sadd', at, text],
      zset: ['zadd', at, '1', text],
      hash: ['hset', at, text.slice(0, 100), text],
      stream: ['xadd', at, '*', 'event', text.slice(0, 100), 'data', text, 'returnvalue', text],
    };
    return [['unlink', at], writes[type] ?? ['unlink', at]];
  });

const score = fc.oneof(
  fc.constantFrom('0', '1', '-1', '1e300', 'inf', '-inf'),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
);

/** A job, most of it as it should be, in one of the states. */
const job: fc.Arbitrary<RedisWrite[]> = fc
  .record({
    id: name,
    fields: fieldsOf(JOB_FIELDS),
    sound: fc.boolean(),
    state: fc.constantFrom(...STATES),
    score,
  })
  .map(({ id, fields, sound, state, score: at }) => {
    const usual = {
      name: 'backup',
      data: '{}',
      opts: '{"attempts":1}',
      timestamp: '1765591200000',
      delay: '0',
      priority: '0',
    };
    return [
      ['hset', id, ...Object.entries({ ...(sound ? usual : {}), ...fields }).flat()],
      LISTS.includes(state) ? ['lpush', state, id] : ['zadd', state, at, id],
    ];
  });

const schedule: fc.Arbitrary<RedisWrite[]> = fc
  .record({ id: name, fields: fieldsOf(SCHEDULE_FIELDS), score })
  .map(({ id, fields, score: at }) => [
    ['zadd', 'repeat', at, id],
    ['hset', `repeat:${id}`, ...Object.entries(fields).flat()],
  ]);

const report: fc.Arbitrary<RedisWrite[]> = fieldsOf(REPORT_FIELDS).map((fields) => [
  ['hset', 'report', ...Object.entries(fields).flat()],
]);

const event: fc.Arbitrary<RedisWrite[]> = fc
  .record({
    event: fc.constantFrom('completed', 'progress', 'cancel', 'error', 'waiting', '__proto__'),
    value,
  })
  .map(({ event: kind, value: text }) => [
    ['xadd', 'events', '*', 'event', kind, 'jobId', 'one', 'data', text, 'returnvalue', text],
  ]);

const meta: fc.Arbitrary<RedisWrite[]> = fc
  .record({ field: fc.constantFrom('concurrency', 'max', 'duration', 'version', 'opts.maxLenEvents'), value })
  .map(({ field, value: text }) => [['hset', 'meta', field, text]]);

export const redisGarbage: fc.Arbitrary<RedisWrite[]> = fc
  .array(fc.oneof(wrongType, job, job, schedule, report, event, meta), { minLength: 1, maxLength: 12 })
  .map((all) => all.flat());

interface Client {
  pipeline(): { call(command: string, ...args: string[]): unknown; exec(): Promise<unknown> };
}

/** `prefix`: of the queue's keys, with the colon. */
export async function leaveGarbage(
  client: object,
  prefix: string,
  writes: readonly RedisWrite[],
): Promise<void> {
  const pipeline = (client as Client).pipeline();
  for (const [command, place, ...rest] of writes) pipeline.call(command, prefix + place, ...rest);
  // a write that does not fit the one before it fails, as it would for whoever does this
  await pipeline.exec();
}
