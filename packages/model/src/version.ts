/** Which program this is. A bundle has its revision written into it; a checkout knows none. */
import manifest from '../../../package.json' with { type: 'json' };

/** Put in by the bundler (scripts/build.ts). */
declare const BUILT_FROM: string | undefined;

/** The one of the root's package.json, which a release's tag names. */
export const VERSION: string = manifest.version;

/** Of the sources, as git has it, abbreviated; undefined: not known. */
export const REVISION: string | undefined = typeof BUILT_FROM === 'string' ? BUILT_FROM : undefined;

/** As a person reads it: `0.1.0 (1a2b3c4d5e6f)`. */
export const VERSION_TEXT: string = REVISION === undefined ? VERSION : `${VERSION} (${REVISION})`;
