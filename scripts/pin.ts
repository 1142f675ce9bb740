/**
 * `npm run pin`: asks registries and GitHub what each base image and action is now, and writes digests and commits into
 * the files. `--check` says which are not pinned; with `--release` that is a failure. A release runs both.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './steps.ts';
import { pinned, type Reference, referencesIn } from './supply/pins.ts';

const FILES = globSync('{docker/Dockerfile.*,docker/docker-compose*.yml,.github/workflows/*.yml}', {
  cwd: ROOT,
});
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

if (process.argv.includes('--check')) check();
else await pin();

function check(): void {
  const open = FILES.flatMap((file) =>
    referencesIn(read(file)).flatMap(({ kind, name, pin }) =>
      pin ? [] : [{ kind, text: `${file}: ${name}` }],
    ),
  );
  for (const { text } of open)
    console.log(`${text} is not pinned: \`npm run pin\` where its registry is reached`);
  // an action runs with this repository's rights; its commit can be known anywhere
  const failing = open.filter(({ kind }) => kind === 'action' || process.argv.includes('--release'));
  if (failing.length > 0) process.exitCode = 1;
}

async function pin(): Promise<void> {
  const names = new Map(FILES.flatMap((file) => referencesIn(read(file)).map((one) => [one.name, one])));
  const pins = new Map<string, string>();
  for (const reference of names.values()) {
    const found = reference.kind === 'image' ? await digestOf(reference) : await commitOf(reference);
    if (found) pins.set(reference.name, found);
    else process.exitCode = 1;
    console.log(found ? `${reference.name} is ${found}` : `${reference.name}: not reachable, left as it is`);
  }
  for (const file of FILES) writeFileSync(join(ROOT, file), pinned(read(file), pins));
}

/** Of the list for all platforms, not of one image in it. */
async function digestOf({ name }: Reference): Promise<string | undefined> {
  const format = '{{.Manifest.Digest}}';
  const { code, stdout } = await run('docker', ['buildx', 'imagetools', 'inspect', name, '--format', format]);
  return code === 0 ? /sha256:[0-9a-f]{64}/.exec(stdout)?.[0] : undefined;
}

/** An annotated tag is followed to its commit. */
async function commitOf({ name }: Reference): Promise<string | undefined> {
  const [action, tag] = name.split('@');
  const asked = [`refs/tags/${tag}`, `refs/tags/${tag}^{}`];
  const { code, stdout } = await run('git', ['ls-remote', `https://github.com/${action}`, ...asked]);
  return code === 0
    ? stdout
        .trim()
        .split('\n')
        .at(-1)
        ?.match(/^[0-9a-f]{40}/)?.[0]
    : undefined;
}
