/**
 * docs/reliability.md from what the container scenarios and the random suite observed: `node scripts/reliability.ts` after
 * `.ci/run` and `LOSS_ROUNDS=2000 npm test -- test/losses`.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatNumber } from '@gofr-backup/model/format';
import { type Observation, OBSERVATIONS } from '../test/containers/reliability.ts';
import { LOSS_FIGURE, type LossFigure } from '../test/losses/figure.ts';
import { ROOT } from './steps.ts';

const observations = new Map<string, Observation>();
for (const line of readFileSync(OBSERVATIONS, 'utf8').trim().split('\n')) {
  const observation = JSON.parse(line) as Observation;
  observations.set(observation.fault, observation);
}

const rows = [...observations.values()].map(
  ({ fault, during, after, recovery }) =>
    `| ${fault} | ${during} | ${after} | ${recovery > 0 ? `${recovery.toFixed(0)} s` : ''} |`,
);

const losses = JSON.parse(readFileSync(LOSS_FIGURE, 'utf8')) as LossFigure;

const page = join(ROOT, 'docs/reliability.md');
writeFileSync(
  page,
  `# Reliability

<!-- Made by \`node scripts/reliability.ts\` from a run of test/containers and of test/losses; not written by hand. -->

Faults injected into the real compose stack, on a real Docker engine, and what was seen. After each of them every archive
that was there before is read back in full, \`sha256sum -c\` and \`tar t\` accept every file, and a new backup is made,
verified and listed. The last column is the time all of that took, from the end of the fault.

| Fault | While it lasted | Afterwards | Back to good in |
| --- | --- | --- | ---: |
${rows.join('\n')}

Nothing is lost in ${formatNumber(losses.rounds)} random rounds (\`LOSS_SEED=${losses.seed} LOSS_ROUNDS=${losses.rounds} npm test -- test/losses\`): two projects share
one backup directory, which lies beside their data, inside it, under a nasty name, behind a link or is mounted there;
their files, patterns, components and clock change, archives and sidecars are damaged, links are planted for directories.
Of ${formatNumber(losses.commands)} commands in any order ${formatNumber(losses.refused)} were refused; ${formatNumber(losses.backups)} were backups, ${formatNumber(losses.restores)} restores. After each of them, done or refused: no
byte of the data is gone that no backup holds, no backup that retention kept, and nothing outside the data has changed.

Faults inside one process are tested beside the code: kills at every step of backup, restore and prune, flipped bits
anywhere in archive, sidecar, index and manifest, a disk that fills up, a source that never stops changing.
`,
);
execFileSync(join(ROOT, 'node_modules/.bin/prettier'), ['--write', page]);
