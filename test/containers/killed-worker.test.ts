/** The worker killed in the middle of a backup. */
import { test } from 'vitest';
import { backupUnderWay, type Entry, listed, SLOW, slowData } from './backups.ts';
import { docker, must } from './docker.ts';
import { expectRecovered, started } from './recovering.ts';
import { type Stack, until } from './stack.ts';

/** What is listed before a backup that takes long, which runs when this answers. */
async function beginSlowly(stack: Stack): Promise<Entry[]> {
  await slowData(stack);
  const before = await listed(stack);
  await must(stack.cli('now', '--no-wait'));
  await backupUnderWay(stack);
  return before;
}

async function expectTakenUp(stack: Stack, before: Entry[], fault: string, during: string): Promise<void> {
  const isMade = async (): Promise<boolean> => (await listed(stack)).some((e) => e.status === 'good');
  await until('the killed job ends well', isMade, 240);
  await expectRecovered(stack, before, fault, during);
}

test('the worker killed in the middle of a job: nothing half-made, the job is taken up again', async () => {
  await using stack = await started(SLOW);
  const before = await beginSlowly(stack);
  await stack.helper('! ls /backups/daily/gofr-plot_daily_* 2>/dev/null');
  await must(stack.compose(['kill', '-s', 'KILL', 'backup']));
  await stack.up('backup');
  await expectTakenUp(
    stack,
    before,
    'Worker killed (SIGKILL) in the middle of a backup',
    'no file under a final name; the job runs again',
  );
});

/** Fills the container's memory, and makes the kernel choose the worker when there is none left. */
const OUT_OF_MEMORY = `
for d in /proc/[0-9]*; do
  if tr '\\0' ' ' <$d/cmdline | grep -q 'main.js[ ]worker'; then echo 1000 >$d/oom_score_adj; fi
done
node -e 'const hog = []; for (;;) hog.push(Buffer.alloc(8e6, 1))'`;

test('the worker killed for want of memory in the middle of a job: restarted, the job is taken up again', async () => {
  await using stack = await started(SLOW);
  const before = await beginSlowly(stack);
  const id = await stack.id('backup');
  await stack.compose(['exec', '-T', 'backup', 'sh', '-c', OUT_OF_MEMORY]);
  await until(
    'Docker restarts it',
    async () => Number(await docker('inspect', '-f', '{{.RestartCount}}', id)) > 0,
  );
  await expectTakenUp(
    stack,
    before,
    'Worker killed by the kernel for want of memory, in the middle of a backup',
    'restarted by Docker; the job runs again',
  );
});
