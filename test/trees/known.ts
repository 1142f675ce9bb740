/** Faults that are known and not mended yet. Whoever mends one takes its lines away. */
import { partOf } from './archived.ts';
import type { Fault } from './faults.ts';
import type { Scene } from './scene.ts';

interface Known {
  words: string;
  isIt(fault: Fault, scene: Scene): boolean;
}

const isRestore = ({ step }: Fault): boolean => step.startsWith('restore');

export const KNOWN: Known[] = [
  {
    words: 'hard links between components that are no siblings on disk come back as several files',
    isIt: (fault, scene) => {
      const [, other = ''] = / is no more one file with (.*) \(/s.exec(` ${fault.words}`) ?? [];
      const isInPlace = isRestore(fault) && !fault.step.includes('--to');
      return fault.what === 'hard links' && isInPlace && partOf(scene, fault.path!) !== partOf(scene, other);
    },
  },
  {
    words: 'hard links of a database come back as several files',
    isIt: ({ what, words }) => what === 'hard links' && words.includes('database'),
  },
  {
    words: 'an own directory that is closed for writing takes nothing',
    isIt: (fault, { user }) =>
      isRestore(fault) &&
      user === 'ordinary' &&
      fault.what === 'failed' &&
      /no right to write|EACCES: permission denied, rename/.test(fault.words),
  },
  {
    words: 'files restored below a setgid directory keep its group',
    isIt: (fault) => isRestore(fault) && fault.what === 'owner' && /^(\d+):\d+, now \1:/.test(fault.words),
  },
  {
    words: 'paths near PATH_MAX',
    isIt: ({ what, words }) =>
      what === 'failed' && (/too long to be restored there/.test(words) || /ENAMETOOLONG/.test(words)),
  },
  {
    words: 'an archive holds holes as zeros',
    isIt: ({ step, what }) => step === 'tar' && what === 'holes',
  },
];

/** Those that are known, by their words, apart from the others. */
export function sorted(scene: Scene, faults: Fault[]): { faults: Fault[]; known: string[] } {
  const reasons = faults.map((fault) => KNOWN.find(({ isIt }) => isIt(fault, scene))?.words);
  return {
    faults: faults.filter((_, n) => reasons[n] === undefined),
    known: reasons.filter((reason) => reason !== undefined),
  };
}
