import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '@gofr-backup/testing';
import { expect, test } from 'vitest';
import { repeat } from './repeat.ts';

test('what hangs is not begun again, and is waited for at the end', async () => {
  const { promise: answer, resolve } = Promise.withResolvers<void>();
  let begun = 0;
  const repeated = repeat(1, () => (begun++ < 2 ? Promise.resolve() : answer));
  await waitFor(() => begun === 3);
  await sleep(50);
  expect(begun).toBe(3);
  const stopping = repeated.stop();
  expect(await Promise.race([stopping.then(() => 'over'), sleep(20, 'waiting')])).toBe('waiting');
  resolve();
  await stopping;
  await sleep(20);
  expect(begun).toBe(3);
});
