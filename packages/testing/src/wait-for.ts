import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Polls until `condition` answers something truthy and answers that. An exception counts as "not yet".
 * After `timeout` ms it throws, with the last exception as cause.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: { timeout?: number; interval?: number; what?: string } = {},
): Promise<NonNullable<T>> {
  const { timeout = 20_000, interval = 20, what = condition.toString() } = options;
  const deadline = performance.now() + timeout;
  for (;;) {
    let cause: unknown;
    try {
      const answer = await condition();
      if (answer) return answer;
    } catch (thrown) {
      cause = thrown;
    }
    if (performance.now() > deadline) throw new Error(`not within ${timeout} ms: ${what}`, { cause });
    await sleep(interval);
  }
}
