import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const moduleOf = (name: string): string => JSON.stringify(join(import.meta.dirname, name));

/** Runs it in a process of its own, which has the handlers of a command and then becomes a service. */
function logOf(between: string): string {
  const script = `
    const { onInterrupt } = await import(${moduleOf('interrupt.ts')});
    const { untilStopped } = await import(${moduleOf('until-stopped.ts')});
    const { signal, release } = onInterrupt({ line() {} }, () => performance.now());
    const staysAlive = setInterval(() => {}, 1000);
    process.kill(process.pid, 'SIGTERM');
    ${between}
    await untilStopped({ signal, releaseSignals: release }, { info: (fields) => console.log(fields.signal) });
    clearInterval(staysAlive);`;
  const args = ['--input-type=module', '-e', script];
  return execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 }).trim();
}

test('a signal that waits for its turn when a service takes over is its signal', () => {
  expect(logOf('')).toBe('SIGTERM');
});

test('so is one that the command has taken before', () => {
  expect(logOf('await new Promise((resolve) => signal.addEventListener("abort", resolve));')).toBe('SIGTERM');
});
