import { PassThrough } from 'node:stream';
import fc from 'fast-check';
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

const evil = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\u001b', '\r', '\n', '\u0007', '\u009b', '\u202e', '\u2028', ' ', '"'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});

test('no fact and no message drives a terminal or begins a line of its own; JSON stays the same document', () => {
  fc.assert(
    fc.property(evil, evil, (key, word) => {
      const facts = { [key]: word, list: [word], err: new Error(word) };
      const at = Date.UTC(2025, 11, 13, 2);
      const record = JSON.stringify({
        level: 'warn',
        time: '2025-12-13T02:00:00.000Z',
        msg: word,
        ...facts,
        err: word,
      });
      for (const line of [
        logLine(at, 'info', facts, word),
        prettyLine(record, false).slice(0, -1),
        json(word),
      ])
        expect(line).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
      expect(JSON.parse(json(word))).toMatchObject({ word: word.toWellFormed(), msg: word.toWellFormed() });
    }),
  );
});

function json(word: string): string {
  const stream = new PassThrough();
  createLogger({ service: 'worker', stream }).info({ word: word.toWellFormed() }, word.toWellFormed());
  return String(stream.read()).slice(0, -1);
}
