/** Builds the image under test once for the whole run. */
import { docker, must, run } from './docker.ts';
import { IMAGE, ROOT } from './stack.ts';

export default async function setup(): Promise<void> {
  if (process.env['GOFR_TEST_IMAGE']) return;
  await must(
    run('docker', ['build', '-q', '-f', 'Dockerfile.backup', '-t', IMAGE, '..'], {
      cwd: `${ROOT}/docker`,
      timeoutMs: 600_000,
    }),
  );
  await docker('image', 'inspect', IMAGE);
}
