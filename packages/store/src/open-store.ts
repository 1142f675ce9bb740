import { limited } from './limited.ts';
import { parseLocation, type StoreLocation } from './location.ts';
import { type Patience, retrying } from './retrying.ts';
import type { Store } from './store.ts';

/** Contents, not files. Each kind of store takes what it needs; what is absent is asked of nobody. */
export interface Credentials {
  accessKey?: string;
  secretKey?: string;
  /** of the user in a URL of WebDAV or REST; for SFTP what opens the key */
  password?: string;
  /** a private key in OpenSSH's or PEM form */
  sshKey?: string;
}

export interface OpenOptions {
  /** unset: as fast as it goes */
  bytesPerSecond?: number;
  /** `false`: the first failure is told */
  patience?: Patience | false;
  /** ms without a byte until a server counts as unreachable */
  timeout?: number;
  /** SFTP: a file of OpenSSH's form with the keys of hosts; unset: those of the user and of the system */
  knownHosts?: string;
}

const TIMEOUT = 60_000;

/**
 * Opens the store of an OFFSITE_URL; its implementation is loaded only now. No server is asked yet, except by SFTP and rclone,
 * which need what runs there. Throws StoreError.
 */
export async function openStore(
  url: string,
  credentials: Credentials = {},
  options: OpenOptions = {},
): Promise<Store> {
  const { bytesPerSecond, patience = {} } = options;
  const store = await openLocation(parseLocation(url), credentials, { timeout: TIMEOUT, ...options });
  const slowed = bytesPerSecond === undefined ? store : limited(store, bytesPerSecond);
  return patience === false ? slowed : retrying(slowed, patience);
}

async function openLocation(
  location: StoreLocation,
  credentials: Credentials,
  options: OpenOptions & { timeout: number },
): Promise<Store> {
  switch (location.kind) {
    case 'directory': {
      const { DirectoryStore } = await import('./directory/directory-store.ts');
      return new DirectoryStore(location.path);
    }
    case 's3': {
      const { openS3 } = await import('./s3/open-s3.ts');
      return openS3(location, { ...credentials, ...options });
    }
    case 'sftp': {
      const { openSftp } = await import('./sftp/open-sftp.ts');
      return openSftp(location, { ...credentials, ...options });
    }
    case 'webdav': {
      const { WebDavStore } = await import('./webdav/webdav-store.ts');
      return new WebDavStore(serverOf(location, credentials, options.timeout));
    }
    case 'rest': {
      const { RestStore } = await import('./rest/rest-store.ts');
      return new RestStore(serverOf(location, credentials, options.timeout));
    }
    case 'rclone': {
      const { startRclone } = await import('./rclone/rclone-child.ts');
      const { RcloneStore } = await import('./rclone/rclone-store.ts');
      return new RcloneStore(await startRclone(options.timeout), `${location.remote}:${location.path}`);
    }
  }
}

function serverOf(
  { url, user }: { url: string; user?: string },
  { password }: Credentials,
  timeout: number,
): { url: string; user?: string; password?: string; timeout: number } {
  return { url, timeout, ...(user !== undefined && { user }), ...(password !== undefined && { password }) };
}
