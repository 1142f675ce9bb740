/** TLS to Redis and to its Sentinels, with the certificates that REDIS_URL names. */
import { readFileSync } from 'node:fs';
import { BackupError, codeOf, type RedisTarget, type TlsFiles } from '@gofr-backup/model';

/** The target with contents in the place of paths. Throws CONFIG. */
export function withFiles<Target extends RedisTarget>(target: Target): Target {
  const { tls } = target.options;
  if (tls === undefined) return target;
  const names = Object.entries(tls) as [keyof TlsFiles, string][];
  const contents = Object.fromEntries(names.map(([name, path]) => [name, contentOf(name, path)]));
  return { ...target, options: { ...target.options, tls: contents } };
}

function contentOf(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new BackupError('CONFIG', `REDIS_URL names a file that cannot be read: ?${name}=${path}`, {
      why: codeOf(error) ?? String(error),
      hint: 'Mount the certificate where the URL says, readable for the uid of this service.',
      cause: error,
    });
  }
}

/** Who asks for TLS asks for it on the whole way: what Sentinels are told and say is as secret as the rest. */
export const toSentinels = ({ kind, options }: RedisTarget): object =>
  kind === 'sentinel' && options.tls ? { enableTLSForSentinelMode: true, sentinelTLS: options.tls } : {};
