import { nativeLibrary } from './library.ts';

/** What cannot be done here because koffi is missing, in sentences; none where everything can. */
export function lacking(): string[] {
  if (nativeLibrary() !== undefined) return [];
  return [
    'Extended attributes, ACLs and capabilities are neither stored nor restored.',
    'Times are restored to the microsecond.',
    'Holes of sparse files are found only where their zeros are read.',
  ];
}
