import { parseLocation } from '@gofr-backup/store';
import { commaSeparated, parsed, type Kind } from './kinds.ts';

/** As it was written. */
export const storeUrl: Kind<string> = {
  allowed: 'the URL of a store: file:, s3:, sftp:, rest+https:, webdav+https: or rclone:',
  schema: parsed((text) => {
    try {
      parseLocation(text);
    } catch (error) {
      const { why, hint } = error as { why: string; hint: string };
      throw new Error(`is not understood: ${why}${hint === '' ? '' : ` (${hint})`}`, { cause: error });
    }
    return text;
  }),
};

/** The store of OFFSITE_URL. */
export const ONLY_STORE = 'offsite';

const NAME = /^[a-z][a-z0-9-]{0,29}$/;

/** Names of stores; they become parts of variables. */
export const storeNames: Kind<string[]> = {
  allowed: 'names separated by commas: lower-case letters, digits and dashes, each once',
  schema: commaSeparated.schema
    .refine((names) => names.every((name) => NAME.test(name)), 'has an item that is no name')
    .refine(
      (names) => !names.includes(ONLY_STORE),
      `has \`${ONLY_STORE}\`, the name of the store of OFFSITE_URL`,
    )
    .refine((names) => new Set(names).size === names.length, 'has a name twice'),
};
