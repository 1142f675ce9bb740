/**
 * The longest path of an entry, in bytes: a backup leaves out what lies deeper, and an index or an archive that has more is
 * refused. A tree may be deeper than Linux takes at once (PATH_MAX), step by step.
 */
export const LONGEST_PATH = 2 ** 16;
