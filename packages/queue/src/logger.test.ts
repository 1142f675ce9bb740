import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { logLine } from './job-log.ts';
import { createLogger, prettyLine } from './logger.ts';

function logged(options: Partial<Parameters<typeof createLogger>[0]>, isTTY = false): () => string {
  const stream = Object.assign(new PassThrough(), { isTTY });
  const logger = createLogger({ service: 'worker', stream, ...options });
  logger.debug({}, 'unseen');
  logger.info({ jobId: 'backup-1', err: new Error('no\nroom') }, 'job failed');
  return () => String(stream.read());
}

test('JSON where nobody looks: level by name, ISO time, facts as fields', () => {
  const line = JSON.parse(logged({})()) as Record<string, unknown>;
  expect(line).toMatchObject({ level: 'info', service: 'worker', jobId: 'backup-1', msg: 'job failed' });
  expect(line['time']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  expect(line['err']).toMatchObject({ message: 'no\nroom' });
});

test.for([
  ['on a terminal', {}, true],
  ['when asked for', { format: 'pretty' as const }, false],
] as const)('one readable line %s', ([, options, terminal]) => {
  const text = logged({ ...options, color: false }, terminal)();
  expect(text).toMatch(/^\d\d:\d\d:\d\d INFO {2}job failed jobId=backup-1 err="no\\nroom"\n$/);
});

test('colours only when wanted', () => {
  const record = JSON.stringify({ level: 'warn', time: '2025-12-13T02:00:00.000Z', msg: 'm', a: 1 });
  expect(prettyLine(record, false)).toBe('02:00:00 WARN  m a=1\n');
  expect(prettyLine(record, true)).toContain('\u001b[33mWARN');
});

test('a line of the job log keeps every fact on its one line', () => {
  const at = Date.UTC(2025, 11, 13, 2);
  expect(logLine(at, 'info', { path: 'a b\nc', n: 1, list: ['x'] }, 'kept')).toBe(
    '2025-12-13T02:00:00.000Z info kept path="a b\\nc" n=1 list=["x"]',
  );
});
