/**
 * Who does what, and how. Every script runs in an empty working directory that lasts for one contender and one corpus;
 * `$SRC` is the corpus, `$RESTORED` takes what is done with. `before` is not measured.
 */
import { readFileSync } from 'node:fs';

export interface Contender {
  name: string;
  before?: string;
  script: string;
  /** shell that prints the bytes the result takes */
  size?: string;
}

export interface Work {
  title: string;
  /** those it is measured on; all that were made for no work of their own, when it does not say */
  corpora?: string[];
  /** the first is ours; ratios are against it */
  contenders: Contender[];
  /** slow ones are measured once, and only with --all */
  slow?: Contender[];
}

/** As the image has them. */
export const [, nodeOptions] = /NODE_OPTIONS="(.+)"/.exec(
  readFileSync(new URL('../docker/Dockerfile.backup', import.meta.url), 'utf8'),
)!;

export const engine = (args: string): string => `"$NODE" ${nodeOptions} "$ENGINE" ${args}`;
export const sized = (path: string): string => `du -sb --apparent-size ${path} | cut -f1`;
/** Making room for the result is not part of making it. */
export const cleared = (...paths: string[]): string => `rm -rf ${paths.join(' ')}`;
export const tarTo = (name: string, filter: string, extension: string): Contender => ({
  name,
  before: cleared(`peer.${extension}`),
  script: `tar -C "$SRC" -cf - . | ${filter} >peer.${extension}; sync peer.${extension}`,
  size: sized(`peer.${extension}`),
});

export const restic = {
  cleared: cleared('restic', 'cache'),
  init: 'restic -q init -r restic --cache-dir cache',
  backup: 'restic -q backup -r restic --cache-dir cache "$SRC"',
};
export const borg = {
  cleared: cleared('borg', 'borg-base'),
  init: (): string => 'export BORG_BASE_DIR=$PWD/borg-base; borg init -e none borg',
  create: (codec: string): string =>
    `export BORG_BASE_DIR=$PWD/borg-base; borg create -C ${codec} borg::run-$(date +%s%N) "$SRC"`,
};

const ourFirstRun = (codec: string, level: number, extension: string): Contender => ({
  name: `gofr-backup, ${codec}${level > 0 ? ` ${level}` : ''}`,
  before: cleared(`ours.${extension}`, `ours.${extension}.idx`),
  script: engine(`create ours.${extension} ${codec} ${level} "$SRC"`),
  size: sized(`ours.${extension}`),
});

export const FIRST_RUN: Work = {
  title: 'First run',
  contenders: [
    ourFirstRun('gzip', 6, 'tar.gz'),
    ourFirstRun('zstd', 3, 'tar.zst'),
    ourFirstRun('none', 0, 'tar'),
    tarTo('tar | pigz -6 -p2', 'pigz -6 -p2', 'pigz.tar.gz'),
    tarTo('tar | zstd -3 -T0', 'zstd -q -3 -T0', 'tar.zst'),
    {
      name: 'restic init + backup',
      before: restic.cleared,
      script: `${restic.init}; ${restic.backup}`,
      size: sized('restic'),
    },
    {
      name: 'borg init + create, lz4',
      before: borg.cleared,
      script: `${borg.init()}; ${borg.create('lz4')}`,
      size: sized('borg'),
    },
  ],
  slow: [
    ourFirstRun('bzip2', 6, 'tar.bz2'),
    ourFirstRun('xz', 6, 'tar.xz'),
    tarTo('tar | gzip -6', 'gzip -6', 'gzip.tar.gz'),
    tarTo('tar | bzip2 -6', 'bzip2 -6', 'tar.bz2'),
    tarTo('tar | xz -6 -T0', 'xz -6 -T0', 'tar.xz'),
    {
      name: 'borg init + create, zlib,6',
      before: borg.cleared,
      script: `${borg.init()}; ${borg.create('zlib,6')}`,
      size: sized('borg'),
    },
    {
      name: "Python's tarfile, w:gz 6",
      script: `python3 -c 'import sys,tarfile; t=tarfile.open("python.tar.gz","w:gz",compresslevel=6); t.add(sys.argv[1],arcname="data"); t.close()' "$SRC"`,
      size: sized('python.tar.gz'),
    },
    {
      name: 'node-tar, gzip 6',
      script: engine('node-tar node-tar.tar.gz "$SRC"'),
      size: sized('node-tar.tar.gz'),
    },
  ],
};

export const ourFirst = engine('create first.tar.gz gzip 6 "$SRC"');
const peersReady = `${restic.cleared}; ${borg.cleared}; ${restic.init}; ${restic.backup}; ${borg.init()}; ${borg.create('lz4')}`;

export const UNCHANGED: Work = {
  title: 'Second run, nothing changed',
  contenders: [
    {
      name: 'gofr-backup, every frame copied',
      before: `[ -e first.tar.gz ] || ${ourFirst}; rm -f second.*`,
      script: engine('create second.tar.gz gzip 6 "$SRC" first.tar.gz copy'),
    },
    {
      name: 'gofr-backup, linked',
      before: 'rm -f second.*',
      script: engine('create second.tar.gz gzip 6 "$SRC" first.tar.gz link'),
    },
    {
      name: 'restic backup',
      before: `[ -e restic ] || { ${restic.init}; ${restic.backup}; }`,
      script: restic.backup,
    },
    {
      name: 'borg create, lz4',
      before: `[ -e borg ] || { ${borg.init()}; ${borg.create('lz4')}; }`,
      script: borg.create('lz4'),
    },
    tarTo('tar | pigz -6 -p2', 'pigz -6 -p2', 'pigz.tar.gz'),
    {
      name: 'cat and sha256sum of the archive, in parallel',
      before: cleared('copy'),
      script: 'sha256sum first.tar.gz >sum & cat first.tar.gz >copy; wait; sync copy',
    },
  ],
};

/** `$CHANGE` changes 1 % of the files, appends to the logs; every contender has seen the tree as it was before. */
export const CHANGED: Work = {
  title: 'Second run, 1 % changed, logs appended',
  contenders: [
    {
      name: 'gofr-backup, gzip 6',
      before: `rm -f first.* second.*; ${ourFirst}; eval "$CHANGE"`,
      script: engine('create second.tar.gz gzip 6 "$SRC" first.tar.gz copy'),
    },
    {
      name: 'restic backup',
      before: `${restic.cleared}; ${restic.init}; ${restic.backup}; eval "$CHANGE"`,
      script: restic.backup,
    },
    {
      name: 'borg create, lz4',
      before: `${borg.cleared}; ${borg.init()}; ${borg.create('lz4')}; eval "$CHANGE"`,
      script: borg.create('lz4'),
    },
    tarTo('tar | pigz -6 -p2', 'pigz -6 -p2', 'pigz.tar.gz'),
  ],
};

const ready = `[ -e first.tar.gz ] || { ${ourFirst}; ${peersReady}; tar -C "$SRC" -cf - . | pigz -6 -p2 >peer.tar.gz; }`;
/**
 * What was restored before is emptied and moved away: its memory is free again, and no inode of it is (for minutes after
 * many were deleted ext4 makes new files slowly).
 */
const putAway = 'find out -type f -exec truncate -s 0 {} +; mv out "$RESTORED/$(date +%s%N)"';
export const emptied = `${ready}; [ ! -e out ] || { ${putAway}; }; mkdir out`;
const borgLast = 'export BORG_BASE_DIR=$PWD/borg-base; LAST=$(borg list --last 1 --format "{archive}" borg)';

export const RESTORE: Work = {
  title: 'Restore of everything',
  contenders: [
    { name: 'gofr-backup, every hash checked', before: emptied, script: engine('extract first.tar.gz out') },
    { name: 'tar xzf', before: emptied, script: 'tar -xzf peer.tar.gz -C out' },
    {
      name: 'restic restore',
      before: emptied,
      script: 'restic -q restore latest -r restic --cache-dir cache --target out',
    },
    { name: 'borg extract', before: emptied, script: `${borgLast}; cd out; borg extract ../borg::$LAST` },
  ],
};

/** `$ONE` is a file of about 30 KB, relative to the corpus. */
export const ONE_FILE: Work = {
  title: 'One file',
  contenders: [
    { name: 'gofr-backup', before: emptied, script: engine('cat first.tar.gz "$ONE" >one') },
    { name: 'tar xzf', before: emptied, script: 'tar -xzf peer.tar.gz -C out "./$ONE"' },
    {
      name: 'restic dump',
      before: emptied,
      script: 'restic -q dump latest "$SRC/$ONE" -r restic --cache-dir cache >one',
    },
    {
      name: 'borg extract',
      before: emptied,
      script: `${borgLast}; cd out; borg extract ../borg::$LAST "\${SRC#/}/$ONE"`,
    },
  ],
};

export const VERIFY: Work = {
  title: 'Verify, every hash',
  contenders: [
    { name: 'gofr-backup', before: ready, script: engine('verify first.tar.gz') },
    { name: 'gzip -t', before: ready, script: 'gzip -t peer.tar.gz' },
    {
      name: 'restic check --read-data',
      before: ready,
      script: 'restic -q check --read-data -r restic --cache-dir cache',
    },
    {
      name: 'borg check --verify-data',
      before: ready,
      script: 'export BORG_BASE_DIR=$PWD/borg-base; borg check --verify-data borg',
    },
  ],
};

export const EVERYDAY: Work[] = [FIRST_RUN, UNCHANGED, CHANGED, RESTORE, ONE_FILE, VERIFY];
