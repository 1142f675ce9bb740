/** A stack that a fault is done to, and what must hold after it. */
import { backUp, type Entry, expectNothingLost } from './backups.ts';
import { observe } from './reliability.ts';
import { Stack } from './stack.ts';

export function started(env: Record<string, string> = {}): Promise<Stack> {
  return Stack.started({ env }, async (stack) => {
    await stack.up('web', 'backup');
    await stack.healthy('backup', 'scheduler');
  });
}

/** After the fault: everything that was there is, the stack is healthy, and the next run is good. */
export async function expectRecovered(
  stack: Stack,
  before: Entry[],
  fault: string,
  during: string,
): Promise<void> {
  const begun = performance.now();
  await stack.healthy('redis', 'scheduler', 'backup');
  await expectNothingLost(stack, before);
  await backUp(stack);
  const seconds = (performance.now() - begun) / 1000;
  await observe({ fault, during, after: 'nothing lost, next backup good and verified', recovery: seconds });
}
