/** A process for lock.test.ts: holds the lock until killed, or with a log takes it over and over and writes when. */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger, systemClock } from '@gofr-backup/model';
import { withLock } from './lock.ts';

const [stateDir = '', log] = process.argv.slice(2);
const ports = { clock: systemClock, logger: silentLogger };
for (;;) {
  await withLock(stateDir, { owner: `process ${process.pid}`, operation: 'hold', ports }, async () => {
    if (log === undefined) return sleep(3_600_000);
    appendFileSync(log, `in ${process.pid}\n`);
    await sleep(5);
    appendFileSync(log, `out ${process.pid}\n`);
  }).catch(() => sleep(2));
}
