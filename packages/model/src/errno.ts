/** What the system, Node or a library calls the reason of a failure: ENOENT, ERR_BUFFER_TOO_LARGE, Z_BUF_ERROR. */

/** undefined: the thrown value names none. */
export const codeOf = (thrown: unknown): string | undefined =>
  thrown instanceof Error && 'code' in thrown ? String(thrown.code) : undefined;

/** To be told: the text of the thrown value when it names no code. */
export const errnoOf = (thrown: unknown): string => codeOf(thrown) ?? String(thrown);

export const isErrno = (thrown: unknown, ...codes: string[]): boolean => codes.includes(codeOf(thrown) ?? '');

/** For `catch` of a promise: these codes come out as undefined, everything else is thrown on. */
export const ignoring =
  (...codes: string[]) =>
  (thrown: unknown): undefined => {
    if (!isErrno(thrown, ...codes)) throw thrown;
  };
