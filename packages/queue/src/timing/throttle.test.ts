import type { ProgressEvent } from '@gofr-backup/model';
import { waitFor } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { throttleProgress } from './throttle.ts';

const event = (phase: ProgressEvent['phase'], bytes: number): ProgressEvent => ({ phase, bytes, files: 0 });

test('few of many are sent: the first of each phase at once, the last always', async () => {
  const sent: ProgressEvent[] = [];
  const progress = throttleProgress(async (one) => sent.push(one), 40);
  for (let bytes = 0; bytes < 10_000; bytes++) progress.report(event('archive', bytes));
  progress.report(event('verify', 1));
  await waitFor(() => sent.length === 2);
  progress.report(event('verify', 2));
  progress.report(event('verify', 3));
  await waitFor(() => sent.length === 3);
  progress.report(event('verify', 4));
  await progress.end();
  expect(sent).toEqual([event('archive', 0), event('verify', 1), event('verify', 3), event('verify', 4)]);
});

test('one that cannot be sent does no harm', async () => {
  const tried: ProgressEvent[] = [];
  const progress = throttleProgress((one) => {
    tried.push(one);
    return Promise.reject(new Error('no Redis'));
  }, 10);
  progress.report(event('archive', 1));
  progress.report(event('verify', 1));
  await progress.end();
  expect(tried).toEqual([event('archive', 1), event('verify', 1)]);
});
