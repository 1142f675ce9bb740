import { installPackages, isInstalled } from './system-packages.mjs';

/** Programs of others that tests hold our files against, and the Debian package of each. */
const TOOLS: Record<string, string> = {
  tar: 'tar',
  bsdtar: 'libarchive-tools',
  busybox: 'busybox',
  xz: 'xz-utils',
  bzip2: 'bzip2',
  zstd: 'zstd',
  python3: 'python3',
  getfattr: 'attr',
  openssl: 'openssl',
  'lowntfs-3g': 'ntfs-3g',
};

/** Wanted where nobody waits: their tests leave themselves out elsewhere. */
const CI_TOOLS: Record<string, string> = { promtool: 'prometheus', zsh: 'zsh', fish: 'fish' };
const wanted = process.env['CI'] ? { ...TOOLS, ...CI_TOOLS } : TOOLS;

/** Installs what is missing where that is possible; returns the tools that stay missing. */
export async function provideTestTools(say: (text: string) => void): Promise<string[]> {
  const missing = absent();
  if (missing.length === 0) return [];
  const packages = missing.map((tool) => wanted[tool] ?? tool);
  say(
    `tools for tests are missing (${missing.join(', ')}): installing ${packages.join(' ')} from the system's packages`,
  );
  const complaint = await installPackages(packages);
  if (complaint !== undefined) say(`not installed: ${complaint}; the tests that need them are skipped`);
  return absent();
}

function absent(): string[] {
  return Object.keys(wanted).filter((tool) => !isInstalled(tool));
}
