import type { OperationContext, VerifyOutcome, VerifyRequest } from './types.ts';

/** Reads archives back in full and marks them good or corrupt. Damage is an answer (`ok: false`), not an exception. */
export function verify(_ctx: OperationContext, _request: VerifyRequest): Promise<VerifyOutcome> {
  throw new Error('not yet');
}
