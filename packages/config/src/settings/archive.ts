import { availableParallelism } from 'node:os';
import { COMPRESSIONS, ENGINE_CODECS } from '@gofr-backup/model';
import { byteCount, flag, oneOf, wholeNumber } from '../kinds.ts';
import { optional, setting } from '../setting.ts';

const MOST_THREADS = 8;
const threadsByDefault = (): number => Math.min(availableParallelism(), MOST_THREADS);

export const archive = {
  compression: setting({
    name: 'COMPRESSION',
    kind: oneOf(COMPRESSIONS),
    default: 'gzip',
    meaning: 'of the archive; every one can be read with `tar` alone',
    example: 'zstd',
  }),
  compressionLevel: setting({
    name: 'COMPRESSION_LEVEL',
    kind: { ...wholeNumber(1, 19), allowed: '1 to 9 (zstd: 1 to 19)' },
    default: ({ given }) => (given('compression')?.toLowerCase() === 'zstd' ? '3' : '6'),
    defaultText: '6; 3 with zstd',
    meaning: 'higher is smaller and slower; without effect when COMPRESSION is none',
    example: '9',
  }),
  engineCodec: setting({
    name: 'ENGINE_CODEC',
    kind: oneOf(ENGINE_CODECS),
    default: 'own',
    meaning:
      "who compresses and reads gzip: own, the program's fast encoder and decoder; zlib, should those be at fault. Either reads what the other wrote",
    example: 'zlib',
  }),
  verifyAfterBackup: setting({
    name: 'VERIFY_AFTER_BACKUP',
    kind: flag,
    default: 'true',
    meaning: 'read the new archive back in full before it counts as good',
    example: 'false',
  }),
  linkUnchanged: setting({
    name: 'LINK_UNCHANGED',
    kind: flag,
    default: 'true',
    meaning:
      'when nothing changed, the new backup is a hard link to the previous one; false: always a new file',
    example: 'false',
  }),
  threads: setting({
    name: 'THREADS',
    kind: wholeNumber(1, 64),
    default: () => String(threadsByDefault()),
    defaultText: `processor cores, at most ${MOST_THREADS}`,
    meaning: 'threads that compress and check',
    example: '1',
  }),
  readThreads: setting({
    name: 'READ_THREADS',
    kind: wholeNumber(1, 64),
    default: ({ given }) => String(2 * (Number(given('threads')) || threadsByDefault())),
    defaultText: 'twice THREADS',
    meaning:
      'threads of a backup, at most, while its sources are slow to answer (NFS, FUSE): some are added while those there wait for files, each taking about 16 MB; as many as THREADS: none',
    example: '8',
  }),
  nice: setting({
    name: 'NICE',
    kind: wholeNumber(0, 19),
    default: '10',
    meaning: 'how far a backup steps back for other processes, in CPU and disk priority; 0: not at all',
    example: '19',
  }),
  readRate: optional({
    name: 'READ_RATE',
    kind: byteCount,
    meaning: 'bytes read from the sources per second, at most; unset or 0: as fast as the disk',
    example: '20MB',
  }),
};
