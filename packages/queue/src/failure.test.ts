import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BackupError, type ErrorCode, ERRORS } from '@gofr-backup/model';
import { decodeFailure, encodeFailure } from './failure.ts';

const codes = fc.constantFrom(...(Object.keys(ERRORS) as ErrorCode[]));

test('every error comes back as itself, whatever its texts', () => {
  fc.assert(
    fc.property(
      codes,
      fc.string(),
      fc.string(),
      fc.string(),
      fc.dictionary(fc.string(), fc.jsonValue()),
      (code, message, why, hint, facts) => {
        const details = JSON.parse(JSON.stringify(facts)) as Record<string, unknown>;
        const back = decodeFailure(encodeFailure(new BackupError(code, message, { why, hint, details })));
        expect([back.code, back.message, back.why, back.hint, back.exit]).toEqual([
          code,
          message,
          why,
          hint,
          ERRORS[code].exit,
        ]);
        expect(back.details).toEqual(details);
      },
    ),
  );
});

test('reads as three lines for a person', () => {
  const text = encodeFailure(
    new BackupError('DISK_FULL', 'The disk is full', { why: 'ENOSPC', hint: 'Free some.' }),
  );
  expect(text.split('\n').slice(0, 3)).toEqual(['The disk is full', 'ENOSPC', 'Free some.']);
});

test('too many details are left out, not the error', () => {
  const error = new BackupError('PERMISSION', 'm', { details: { files: Array(5000).fill('a/file/name') } });
  expect(decodeFailure(encodeFailure(error))).toMatchObject({ code: 'PERMISSION', details: {} });
});

test('what somebody else wrote is FAILED with their words', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.constant('x\n{"code":"toString"}')), (text) => {
      expect(decodeFailure(text)).toMatchObject({ code: 'FAILED', why: text });
    }),
  );
  expect(decodeFailure('job stalled more than allowable limit').message).toMatch(/worker died/);
});
