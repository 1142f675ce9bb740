/** Signs jobs that overwrite or delete: whoever writes to Redis can write any job there, but has no key. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { canonicalJson } from '@gofr-backup/model';

/** Travels in a job's data, beside the payload. */
export const signatureSchema = z.object({
  /** milliseconds since the epoch */
  issued: z.int().nonnegative(),
  /** HMAC-SHA-256 in hexadecimal digits */
  mac: z.string().regex(/^[0-9a-f]{64}$/),
});
export type Signature = z.infer<typeof signatureSchema>;

/** The key of an installation; undefined where a process has none. Throws when it cannot be trusted. */
export type KeySource = () => Promise<Buffer | undefined>;
export const KEY_BYTES = 32;

/** The request as it is signed. The job's id is its nonce: it is carried out once. */
export interface Request {
  project: string;
  name: string;
  id: string;
  /** as it lies in Redis */
  payload: object;
}

export const sign = (key: Buffer, request: Request, issued: number): Signature => ({
  issued,
  mac: macOf(key, request, issued).toString('hex'),
});

export const isSignedBy = (key: Buffer, request: Request, { issued, mac }: Signature): boolean =>
  timingSafeEqual(macOf(key, request, issued), Buffer.from(mac, 'hex'));

const FORM = 'gofr-backup request 1';

function macOf(key: Buffer, { project, name, id, payload }: Request, issued: number): Buffer {
  return createHmac('sha256', key)
    .update(canonicalJson([FORM, project, name, id, issued, payload]))
    .digest();
}
