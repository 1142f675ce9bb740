/**
 * The image. A release is for both processors, with SBOM and provenance beside it, which takes a builder in a container and an emulator;
 * a trial is for this processor, by the engine's own builder.
 */
import { join } from 'node:path';
import { installPackages } from '../system-packages.mjs';
import { must, ROOT } from '../steps.ts';
import type { Release } from './release.ts';

const BUILDER = 'gofr-backup-release';
const folder = { cwd: join(ROOT, 'docker') };

export async function publishImage(release: Release, image: string): Promise<void> {
  await signIn(image);
  await (release.trial ? buildHere(release, image) : buildForAll(release, image));
  console.log(`release: ${image}:${release.version} is pushed`);
}

const facts = ({ version, revision, madeAt }: Release) => ({
  ...{ VERSION: version, REVISION: revision, CREATED: madeAt },
});

async function buildHere(release: Release, image: string): Promise<void> {
  const args = Object.entries(facts(release)).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  const tags = [release.version, 'latest'].map((tag) => `${image}:${tag}`);
  const named = tags.flatMap((tag) => ['-t', tag]);
  const env = { ...process.env, DOCKER_BUILDKIT: '1' };
  await must('docker', ['build', '-q', '-f', 'Dockerfile.backup', ...args, ...named, '..'], {
    ...folder,
    env,
  });
  for (const tag of tags) await must('docker', ['push', '-q', tag]);
}

async function buildForAll(release: Release, image: string): Promise<void> {
  const complaint = await installPackages(['qemu-user-static', 'binfmt-support']);
  if (complaint !== undefined) throw new Error(`no emulator for arm64: ${complaint}`);
  await must('docker', [
    'buildx',
    'create',
    '--name',
    BUILDER,
    '--driver',
    'docker-container',
    '--bootstrap',
  ]);
  try {
    const env = { ...process.env, ...facts(release), IMAGE: image };
    const bake = ['buildx', 'bake', '--builder', BUILDER, '-f', 'docker-bake.hcl', '--push'];
    await must('docker', bake, { ...folder, env });
  } finally {
    await must('docker', ['buildx', 'rm', BUILDER]);
  }
}

/** In a workflow of GitHub, its token opens its registry. */
async function signIn(image: string): Promise<void> {
  const { GH_TOKEN: token, GITHUB_ACTOR: user } = process.env;
  if (!image.startsWith('ghcr.io/') || token === undefined || user === undefined) return;
  await must('docker', ['login', 'ghcr.io', '-u', user, '--password-stdin'], { input: token });
}
