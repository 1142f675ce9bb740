/** Who may import whom: the design of docs/architecture.md as data, each rule with its reason. */

export interface Wall {
  /** the folder whose production sources the wall is about */
  of: string;
  /** the packages they may import, by short name */
  packages: string[];
  because: string;
  /** folders below `src`, and what they must not import of their own package (in the language of .gitignore) */
  rooms?: { of: string; never: string[]; because: string }[];
}

const FROM_ALL = ['core', 'archive', 'model', 'posix', 'config', 'queue', 'notify'];

/** A later wall takes the place of an earlier one for the same file. */
export const WALLS: Wall[] = [
  { of: 'packages/model', packages: [], because: "the nouns are everybody's: they know nobody" },
  { of: 'packages/posix', packages: ['model'], because: 'the system is asked without knowing why' },
  {
    of: 'packages/store',
    packages: ['model', 'posix'],
    because: 'a store keeps bytes under names; it does not know what they are',
  },
  {
    of: 'packages/archive',
    packages: ['model', 'posix'],
    because: 'the engine knows files and bytes, not backup directories',
    rooms: [
      { of: 'tar', never: ['../*/**'], because: 'tar blocks know no other room' },
      { of: 'codec', never: ['../*/**'], because: 'a codec knows no other room' },
      { of: 'index', never: ['../*/**', '!../codec/**'], because: 'an index knows codecs alone' },
      {
        of: 'source',
        never: ['../../*/**', '../{tar,codec,index,write,extract,read}/**'],
        because: 'a source does not know who archives it',
      },
      {
        of: 'write',
        never: ['../read/**', '../extract/**'],
        because: 'what writes knows of another archive only by its index',
      },
      {
        of: 'extract',
        never: ['../*/**', '!../tar/**'],
        because: 'what comes onto the disk is checked without knowing how it is read',
      },
      {
        of: 'read',
        never: ['../write/**', '../source/**'],
        because: 'what reads does not know how it was written',
      },
    ],
  },
  {
    of: 'packages/core',
    packages: ['archive', 'store', 'model', 'posix'],
    because: 'the core is what would exist without Redis, settings and services',
    rooms: [
      {
        of: 'retention',
        never: ['../**', 'node:*'],
        because:
          'retention is a pure function of (catalogue, policy, now): no files, no clock, no other room',
      },
      {
        of: 'safety',
        never: ['../**', 'node:*'],
        because: 'the judgement is a pure function of facts: the page, the command line and alerts share it',
      },
      {
        of: 'repository',
        never: ['../recovery/**', '../operations/**', '../retention/**', '../../*/**'],
        because: 'the backup directory is there before any operation; operations compose it',
      },
      {
        of: 'recovery',
        never: ['../repository/**', '../operations/**', '../retention/**', '../../*/**'],
        because:
          'swapping data in knows the target, not the backup directory; operations bring them together',
      },
      {
        of: 'offsite',
        never: [
          '{..,../..}/{operations,recovery,repository,retention}/**',
          '!{..,../..}/{repository,retention}/index.ts',
        ],
        because:
          'a copy is made of an archive, its index and its record; operations say which, and what happens with what comes back',
      },
      {
        of: 'operations',
        never: ['../*/**', '!../*/index.ts', '!../../*/index.ts'],
        because: 'a room is entered through its index.ts',
      },
    ],
  },
  {
    of: 'packages/config',
    packages: ['archive', 'store', 'model', 'posix'],
    because: 'settings are read without knowing who works with them',
  },
  {
    of: 'packages/notify',
    packages: ['model'],
    because: 'a message is sent without knowing settings or jobs',
  },
  {
    of: 'packages/queue',
    packages: ['core', 'model', 'posix'],
    because: 'the queue asks, retries and deduplicates; it does no backup work',
  },
  {
    of: 'packages/testing',
    packages: ['model', 'posix', 'archive', 'core', 'config', 'queue'],
    because: 'fixtures know the libraries, not the apps',
  },
  { of: 'apps/*', packages: FROM_ALL, because: 'apps meet in the queue, never in an import' },
  {
    of: 'apps/cli',
    packages: [...FROM_ALL, 'scheduler', 'worker'],
    because:
      '`serve` composes scheduler and worker through their start(); nothing else of the apps is shared',
  },
];
