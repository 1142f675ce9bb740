import type { StoreLocation } from '../location.ts';
import { StoreError } from '../store-error.ts';
import { known, pinned } from './host-key.ts';
import { SftpConnection } from './sftp-connection.ts';
import { SftpStore } from './sftp-store.ts';

export interface SftpOptions {
  sshKey?: string;
  /** of the key */
  password?: string;
  knownHosts?: string;
  timeout: number;
}

export async function openSftp(
  location: StoreLocation & { kind: 'sftp' },
  { sshKey, password, knownHosts, timeout }: SftpOptions,
): Promise<SftpStore> {
  const { host, port, user, path, hostKey } = location;
  if (sshKey === undefined)
    throw new StoreError('misconfigured', 'the SFTP server cannot be used', {
      why: 'there is no SSH key for it',
      hint: 'Set OFFSITE_SSH_KEY or OFFSITE_SSH_KEY_FILE.',
    });
  const connection = new SftpConnection({
    ...{ host, port, user, timeout },
    privateKey: sshKey,
    ...(password !== undefined && { passphrase: password }),
    hostKey: hostKey === undefined ? await known(host, port, knownHosts) : pinned(hostKey),
  });
  return new SftpStore(connection, path);
}
