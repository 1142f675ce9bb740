/** Lower case only: some servers and file systems do not tell `A` from `a`. No part begins with a dot. */
const NAME = /^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)*$/;
const LONGEST = 200;

/**
 * Whether every kind of store can hold an object of this name: parts of `a-z0-9._-` with `/` between them. A name is never the beginning
 * of another up to a `/`: where parts are directories, it could not be both.
 */
export function isName(name: string): boolean {
  return name.length <= LONGEST && NAME.test(name);
}

/** Throws RangeError. */
export function checkName(name: string): void {
  if (!isName(name)) throw new RangeError(`${JSON.stringify(name)} is not a name for an object of a store`);
}
