/** Archives read in full against their hashes: what follows for their records, and what of them is lost. */
export { verify, verifyBackup } from './verify.ts';
