import { S3Client } from '@aws-sdk/client-s3';
import { PromptAgent, SecurePromptAgent } from '../http/prompt-agent.ts';
import type { StoreLocation } from '../location.ts';
import { StoreError } from '../store-error.ts';
import { S3Store } from './s3-store.ts';

/** As the SDK has it. */
const KEPT = { keepAlive: true, maxSockets: 50 };

export interface S3Options {
  accessKey?: string;
  secretKey?: string;
  /** ms without a byte */
  timeout: number;
}

/** Without keys the SDK looks for them where it always does: a role of the machine, the user's shared configuration. */
export function openS3(location: StoreLocation & { kind: 's3' }, options: S3Options): S3Store {
  const { bucket, prefix, endpoint, region = 'us-east-1', lockMode } = location;
  const { accessKey, secretKey, timeout } = options;
  if ((accessKey === undefined) !== (secretKey === undefined))
    throw new StoreError('misconfigured', 'the bucket cannot be opened', {
      why: 'of access key and secret key only one is set',
      hint: 'Set OFFSITE_ACCESS_KEY and OFFSITE_SECRET_KEY.',
    });
  const client = new S3Client({
    region,
    ...(endpoint === undefined ? { followRegionRedirects: true } : { endpoint, forcePathStyle: true }),
    ...(accessKey !== undefined &&
      secretKey !== undefined && {
        credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
      }),
    maxAttempts: 1,
    // others know no checksum trailers; the signature covers a sha256 of each body
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      httpAgent: new PromptAgent(KEPT),
      httpsAgent: new SecurePromptAgent(KEPT),
      connectionTimeout: timeout,
      socketTimeout: timeout,
      requestTimeout: timeout * 10,
      throwOnRequestTimeout: true,
    },
  });
  return new S3Store(client, { name: bucket, prefix, lockMode });
}
