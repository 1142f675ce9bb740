/** The hash of a body that the caller knows. */
import type { PutObjectCommand } from '@aws-sdk/client-s3';

/** The signer takes it as it is; a server refuses a body of another hash. `sha256`: in hex. */
export function signHash(command: PutObjectCommand, sha256: string): void {
  command.middlewareStack.add(
    (next) => (asked) => {
      (asked.request as { headers: Record<string, string> }).headers['x-amz-content-sha256'] = sha256;
      return next(asked);
    },
    { step: 'build' },
  );
}
