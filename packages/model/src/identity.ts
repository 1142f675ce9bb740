/** Which file or directory it is, by whatever path it is reached. */
export interface Identity {
  dev: bigint;
  ino: bigint;
}

export const isOneOf = ({ dev, ino }: Identity, identities: readonly Identity[]): boolean =>
  identities.some((one) => one.ino === ino && one.dev === dev);
