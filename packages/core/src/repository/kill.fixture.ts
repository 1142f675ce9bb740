/**
 * A process for kill.test.ts: lives through everything a repository does, and kills itself (SIGKILL, so that nothing
 * is cleaned up) right before or right after the n-th call that changes the directory. Without n it says how many
 * calls there are.
 */
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const [backupDir = '', at = '0'] = process.argv.slice(2);
const CHANGING = ['rename', 'link', 'rm', 'open', 'mkdir', 'writeFile', 'copyFile'] as const;
let calls = 0;

const dieAt = (moment: number): void => {
  if (moment !== Number(at)) return;
  process.kill(process.pid, 'SIGKILL');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};
const patched = promises as unknown as Record<string, (...call: unknown[]) => Promise<unknown>>;
for (const name of CHANGING) {
  const original = patched[name];
  if (original === undefined) throw new Error(name);
  patched[name] = async (...call) => {
    const moment = 2 * ++calls;
    dieAt(moment - 1);
    try {
      return await original(...call);
    } finally {
      dieAt(moment);
    }
  };
}
syncBuiltinESMExports();

const { life } = await import('./kill.scenario.ts');
await life(backupDir);
process.stdout.write(`${2 * calls}\n`);
