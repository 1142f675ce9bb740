/** Whether a server's SSH key is the one that was meant: by its fingerprint in the URL, else by known_hosts. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isErrno } from '@gofr-backup/posix';

export interface HostKeyCheck {
  /** kinds of key that are known; undefined: any may be asked for */
  kinds: string[] | undefined;
  trusts(key: Buffer): boolean;
}

interface KnownKey {
  kind: string;
  key: Buffer;
  revoked: boolean;
}

const SSH_PORT = 22;

/** As OpenSSH and its ssh-keygen show it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

export function pinned(fingerprint: string): HostKeyCheck {
  const wanted = fingerprint.replace(/=+$/, '');
  return { kinds: undefined, trusts: (key) => fingerprintOf(key) === wanted };
}

/** Without a file: the user's and the system's. */
export async function known(host: string, port: number, file?: string): Promise<HostKeyCheck> {
  const files = file ? [file] : [join(homedir(), '.ssh', 'known_hosts'), '/etc/ssh/ssh_known_hosts'];
  const texts = await Promise.all(files.map(textOf));
  const keys = texts.flatMap((text) => keysOf(text, port === SSH_PORT ? host : `[${host}]:${port}`));
  const valid = keys.filter(({ revoked }) => !revoked);
  return {
    kinds: valid.length === 0 ? undefined : [...new Set(valid.map(({ kind }) => kind))],
    trusts: (key) =>
      valid.some((one) => one.key.equals(key)) && !keys.some((one) => one.revoked && one.key.equals(key)),
  };
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return '';
    throw error;
  }
}

/** Lines `[@marker] hosts kind key [comment]`; keys of authorities are not known here. */
function keysOf(text: string, host: string): KnownKey[] {
  return text.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
    const [hosts = '', kind = '', key = ''] = words;
    if (key === '' || hosts.startsWith('#') || (marker !== undefined && marker !== '@revoked')) return [];
    return isMeant(hosts, host)
      ? [{ kind, key: Buffer.from(key, 'base64'), revoked: marker === '@revoked' }]
      : [];
  });
}

/** `|1|salt|hash`, or patterns with commas between them, of which one with a `!` excludes. */
function isMeant(hosts: string, host: string): boolean {
  const [, salt, hash] = /^\|1\|([^|]+)\|([^|]+)$/.exec(hosts) ?? [];
  if (salt !== undefined && hash !== undefined) return isHashOf(host, salt, hash);
  const patterns = hosts.split(',');
  const matches = (pattern: string): boolean => wildcards(pattern).test(host);
  return (
    patterns.some((pattern) => !pattern.startsWith('!') && matches(pattern)) &&
    !patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1)))
  );
}

function isHashOf(host: string, salt: string, hash: string): boolean {
  const found = createHmac('sha1', Buffer.from(salt, 'base64')).update(host).digest();
  const wanted = Buffer.from(hash, 'base64');
  return wanted.length === found.length && timingSafeEqual(wanted, found);
}

function wildcards(pattern: string): RegExp {
  const source = RegExp.escape(pattern)
    .replaceAll(String.raw`\*`, '.*')
    .replaceAll(String.raw`\?`, '.');
  return new RegExp(`^${source}$`, 'i');
}
