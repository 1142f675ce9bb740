/**
 * `npm run audit`: known advisories about the packages of the lockfile. Without a registry that answers it ends with 0
 * and says so: no advisories were looked at.
 */
import { join } from 'node:path';
import { ROOT, run } from './steps.ts';

const NOT_REACHED =
  /ERR_PNPM_AUDIT_(BAD_RESPONSE|ENDPOINT_NOT_EXISTS)|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|fetch failed/;
const NOTHING_LOOKED_AT = 'not reachable: NO ADVISORIES WERE LOOKED AT';

const { code, output } = await run(join(ROOT, 'node_modules/.bin/pnpm'), [
  'audit',
  '--prod',
  '--audit-level',
  'high',
]);
if (code !== 0 && NOT_REACHED.test(output)) {
  console.log(`the registry's advisories are ${NOTHING_LOOKED_AT}\n${output.trim()}`);
} else {
  console.log(output.trim());
  process.exitCode = code;
}
