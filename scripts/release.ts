/**
 * `npm run release -- [--out DIR] [--publish] [--registry URL] [--image NAME] [--trial]`: everything of a release, by the version in
 * package.json. Makes the npm package, SBOM, provenance, notes and checksums; with `--publish` it also puts them, and the image, where
 * strangers find them. It may be run again after it was cut short: what is there already, and the same, is left.
 * `--trial` takes any checkout: without a tag, a section of the changelog, pinned images, and for this processor alone.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import manifest from '../package.json' with { type: 'json' };
import { writeNotes } from './release/changelog.ts';
import { writeChecksums } from './release/checksums.ts';
import { publishPage } from './release/github.ts';
import { publishImage } from './release/image.ts';
import { packNpm, publishNpm } from './release/npm-package.ts';
import { assertReleasable } from './release/preconditions.ts';
import { writeProvenance } from './release/provenance.ts';
import type { Release } from './release/release.ts';
import { writeSbom } from './release/sbom.ts';
import { must, ROOT, revisionOf } from './steps.ts';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(ROOT, 'release') },
    publish: { type: 'boolean', default: false },
    registry: { type: 'string', default: 'https://registry.npmjs.org' },
    image: { type: 'string' },
    trial: { type: 'boolean', default: false },
  },
});

const release: Release = {
  version: manifest.version,
  revision: (await revisionOf(ROOT)) ?? 'unknown',
  madeAt: (await must('git', ['show', '-s', '--format=%cI', 'HEAD'])).trim(),
  out: resolve(values.out),
  trial: values.trial,
};

try {
  await assertReleasable(release);
  await make();
  if (values.publish) await publish();
  console.log(
    `release: ${release.version} (${release.revision}) ${values.publish ? 'is out' : `is in ${release.out}`}`,
  );
} catch (error) {
  console.error(`release: ${(error as Error).message}`);
  process.exitCode = 1;
}

async function make(): Promise<void> {
  rmSync(release.out, { recursive: true, force: true });
  mkdirSync(release.out, { recursive: true });
  writeNotes(release);
  const sbom = await writeSbom(release);
  await packNpm(release, sbom);
  writeProvenance(release);
  writeChecksums(release);
}

/** The page comes last: it says that the rest is there. */
async function publish(): Promise<void> {
  console.log(`release: ${values.registry}: ${await publishNpm(release, values.registry)}`);
  if (values.image !== undefined) await publishImage(release, values.image);
  await publishPage(release);
}
