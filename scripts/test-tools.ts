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
  age: 'age',
  // its package brings the headers too
  cc: 'g++',
};

/**
 * Servers that tests of stores start themselves. Packages that would start a server of the system's are left out: of Apache only its
 * program is taken.
 */
const SERVERS: Record<string, string> = {
  radosgw: 'radosgw',
  'ceph-mon': 'ceph-mon',
  'ceph-osd': 'ceph-osd',
  apache2: 'apache2-bin',
  rclone: 'rclone',
};

/** Wanted where nobody waits: their tests leave themselves out elsewhere. */
const CI_TOOLS: Record<string, string> = {
  promtool: 'prometheus',
  shellcheck: 'shellcheck',
  zsh: 'zsh',
  fish: 'fish',
  // its package starts a server of the system's
  sshd: 'openssh-server',
};
const ALL: Record<string, string> = { ...TOOLS, ...SERVERS, ...CI_TOOLS };
const wanted: Record<string, string> = process.env['CI'] ? ALL : { ...TOOLS, ...SERVERS };

/** Installs what is missing where that is possible; returns the tools that stay missing. */
export async function provideTestTools(say: (text: string) => void): Promise<string[]> {
  const missing = absent(wanted);
  if (missing.length === 0) return absent(ALL);
  const packages = [...new Set(missing.map((tool) => ALL[tool] ?? tool))];
  say(
    `tools for tests are missing (${missing.join(', ')}): installing ${packages.join(' ')} from the system's packages`,
  );
  const complaint = await installPackages(packages);
  if (complaint !== undefined) say(`not installed: ${complaint}; the tests that need them are skipped`);
  return absent(ALL);
}

function absent(tools: Record<string, string>): string[] {
  return Object.keys(tools).filter((tool) => !isInstalled(tool));
}
