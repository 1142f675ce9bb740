/**
 * The works that show whether a run costs what changed, whatever the change is. Each runs on a corpus that was made for
 * it; every contender has seen the tree as it was before the change.
 */
import { borg, cleared, emptied, engine, ourFirst, restic, sized, tarTo, type Work } from './contenders.ts';

/** `change` is shell; it is not measured, and must differ at every call. */
const changed = (title: string, corpora: string[], change: string): Work => ({
  title,
  corpora,
  contenders: [
    {
      name: 'gofr-backup, gzip 6',
      before: `rm -f first.* second.*; ${ourFirst}; ${change}`,
      script: engine('create second.tar.gz gzip 6 "$SRC" first.tar.gz copy'),
    },
    {
      name: 'restic backup',
      before: `${restic.cleared}; ${restic.init}; ${restic.backup}; ${change}`,
      script: restic.backup,
    },
    {
      name: 'borg create, lz4',
      before: `${borg.cleared}; ${borg.init()}; ${borg.create('lz4')}; ${change}`,
      script: borg.create('lz4'),
    },
  ],
});

/** Of the corpora whose files all lie below one directory. */
export const RENAMED = 'renamed';
const NAMES = ['names'];
const SMALL = ['small'];
const SPARSE = ['sparse'];

const oneByteInserted =
  'for f in "$SRC"/*.txt; do { head -c 1000 "$f"; printf x; tail -c +1001 "$f"; } >"$f.new"; mv "$f.new" "$f"; done';
/** Other bytes of the same length, in files of all directories. */
const onePercentSpread =
  'find "$SRC" -type f -size +0 | sort | awk "NR % 100 == 7" | while IFS= read -r f; do date +%N | dd of="$f" conv=notrunc bs=9 count=1 2>/dev/null; done';

const sparseReady = `[ -e first.tar.gz ] || { ${ourFirst}; ${restic.cleared}; ${restic.init}; ${restic.backup}; tar -C "$SRC" -cSf peer.tar .; }; rm -rf out; mkdir out`;

export const CHANGES: Work[] = [
  changed('One byte inserted near the start', ['text'], oneByteInserted),
  changed('The top directory renamed', NAMES, `mv "$SRC/top" "$SRC/${RENAMED}"`),
  changed(
    'chmod -R',
    NAMES,
    'if [ -n "$(find "$SRC/top" -perm 0700 -prune)" ]; then chmod -R u=rwX,go=rX "$SRC/top"; else chmod -R u=rwX,go= "$SRC/top"; fi',
  ),
  changed(
    'chown -R',
    NAMES,
    'if [ "$(stat -c %u "$SRC/top")" = 0 ]; then chown -R 1000:1000 "$SRC/top"; else chown -R 0:0 "$SRC/top"; fi',
  ),
  changed('touch of every file', NAMES, 'find "$SRC" -type f -exec touch {} +'),
  changed('touch -a of every file', NAMES, 'find "$SRC" -type f -exec touch -a {} +'),
  changed('1 % of small files changed, in all directories', SMALL, onePercentSpread),
  {
    title: 'First run of small files',
    corpora: SMALL,
    contenders: [
      {
        name: 'gofr-backup, gzip 6',
        before: cleared('ours.tar.gz', 'ours.tar.gz.idx'),
        script: engine('create ours.tar.gz gzip 6 "$SRC"'),
        size: sized('ours.tar.gz'),
      },
      tarTo('tar | pigz -6 -p2', 'pigz -6 -p2', 'pigz.tar.gz'),
      {
        name: 'restic init + backup',
        before: restic.cleared,
        script: `${restic.init}; ${restic.backup}`,
        size: sized('restic'),
      },
    ],
  },
  {
    title: 'Restore of small files',
    corpora: SMALL,
    contenders: [
      {
        name: 'gofr-backup, every hash checked',
        before: emptied,
        script: engine('extract first.tar.gz out'),
      },
      { name: 'tar xzf', before: emptied, script: 'tar -xzf peer.tar.gz -C out' },
    ],
  },
  {
    title: 'Holes: first run',
    corpora: SPARSE,
    contenders: [
      {
        name: 'gofr-backup, gzip 6',
        before: cleared('ours.tar.gz', 'ours.tar.gz.idx'),
        script: engine('create ours.tar.gz gzip 6 "$SRC"'),
        size: sized('ours.tar.gz'),
      },
      { name: 'tar -S', before: cleared('tar'), script: 'tar -C "$SRC" -cSf tar .', size: sized('tar') },
      { name: 'restic init + backup', before: restic.cleared, script: `${restic.init}; ${restic.backup}` },
    ],
  },
  {
    title: 'Holes: verify',
    corpora: SPARSE,
    contenders: [
      { name: 'gofr-backup', before: sparseReady, script: engine('verify first.tar.gz') },
      { name: 'tar -S, listed', before: sparseReady, script: 'tar -tSf peer.tar' },
      {
        name: 'restic check --read-data',
        before: sparseReady,
        script: 'restic -q check --read-data -r restic --cache-dir cache',
      },
    ],
  },
  {
    title: 'Holes: restore',
    corpora: SPARSE,
    contenders: [
      {
        name: 'gofr-backup, every hash checked',
        before: sparseReady,
        script: engine('extract first.tar.gz out'),
      },
      { name: 'tar -xS', before: sparseReady, script: 'tar -xSf peer.tar -C out' },
      {
        name: 'restic restore',
        before: sparseReady,
        script: 'restic -q restore latest -r restic --cache-dir cache --target out',
      },
    ],
  },
];
