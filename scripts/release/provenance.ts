/**
 * What each file was made from, as an in-toto statement (SLSA provenance 1). It is not signed by itself: npm and the image's builder
 * sign their own where the release runs in a workflow with an identity.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Of } from './checksums.ts';
import type { Release } from './release.ts';

export function writeProvenance(release: Release): void {
  const file = `gofr-backup-${release.version}.provenance.json`;
  writeFileSync(join(release.out, file), `${JSON.stringify(statementOf(release), null, 2)}\n`);
}

function statementOf({ out, version, revision, madeAt, trial }: Release): object {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = process.env;
  const source = repository === undefined ? 'a checkout' : `git+${server}/${repository}`;
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: readdirSync(out)
      .toSorted()
      .map((name) => ({ name, digest: { sha256: sha256Of(join(out, name)) } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'npm run release',
        externalParameters: { version, trial },
        resolvedDependencies: [{ uri: source, digest: { gitCommit: revision } }],
      },
      runDetails: {
        builder: { id: repository === undefined ? 'by hand' : `${server}/${repository}/actions` },
        metadata: { ...(run !== undefined && { invocationId: run }), startedOn: madeAt },
      },
    },
  };
}
