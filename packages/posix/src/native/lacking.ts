import { nativeLibrary } from './library.ts';

/** What cannot be done here because koffi is missing, in sentences; none where everything can. */
export function lacking({ xattrs = true }: { xattrs?: boolean | undefined } = {}): string[] {
  if (nativeLibrary() !== undefined) return [];
  return [
    ...(xattrs ? ['Extended attributes, ACLs and capabilities are neither stored nor restored.'] : []),
    'Times are restored to the microsecond.',
    'Holes of sparse files are read and archived as zeros; a restore makes them again where the zeros are.',
  ];
}

/** The same as one warning, with the reason; undefined where everything can be done. */
export function lackingText(of: { xattrs?: boolean | undefined } = {}): string | undefined {
  const sentences = lacking(of);
  return sentences.length === 0
    ? undefined
    : `koffi, by which the C library is called, is missing here or cannot be loaded. ${sentences.join(' ')}`;
}
