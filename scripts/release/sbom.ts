/**
 * The SBOM of `npm run sbom` in a form that is the same for the same sources: with the commit's time, a number of its content, in order.
 * The workspace's own packages are what it is about, so they are left out; pnpm states their edges in one run and not in the next.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, ROOT } from '../steps.ts';
import type { Release } from './release.ts';

interface Sbom {
  serialNumber: string;
  metadata: { timestamp: string };
  components: { 'bom-ref': string }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

/** Answers where it is. */
export async function writeSbom({ out, version, madeAt }: Release): Promise<string> {
  const file = join(out, `gofr-backup-${version}.sbom.json`);
  await must(process.execPath, [join(ROOT, 'scripts/sbom.ts'), file]);
  const sbom = ofOthers(JSON.parse(readFileSync(file, 'utf8')) as Sbom);
  sbom.metadata.timestamp = madeAt;
  sbom.serialNumber = '';
  const digest = createHash('sha256').update(JSON.stringify(sbom)).digest('hex');
  const uuid = digest.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/, '$1-$2-8$3-8$4-$5');
  writeFileSync(file, `${JSON.stringify({ ...sbom, serialNumber: `urn:uuid:${uuid}` }, null, 2)}\n`);
  return file;
}

function ofOthers(sbom: Sbom): Sbom {
  const isOurs = (ref: string) => /^pkg:npm\/(%40gofr-backup\/|gofr-backup-workspace@)/.test(ref);
  return {
    ...sbom,
    components: sbom.components
      .filter((one) => !isOurs(one['bom-ref']))
      .toSorted((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1)),
    dependencies: sbom.dependencies
      .filter(({ ref }) => !isOurs(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => !isOurs(one)).toSorted() }))
      .toSorted((a, b) => (a.ref < b.ref ? -1 : 1)),
  };
}
