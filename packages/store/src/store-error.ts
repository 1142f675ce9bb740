/**
 * Why a store did not do what it was asked:
 *
 * - `unreachable`: no answer: no route, no name, no server, a timeout, a connection that broke.
 * - `busy`: the server asks to be asked less often.
 * - `failed`: the server or the disk tells of an error of its own, which may pass.
 * - `forbidden`: these credentials may not do this. Nothing else is told as this.
 * - `full`: no room, or a quota is used up.
 * - `missing`: there is no object of this name.
 * - `untrusted`: the server did not prove to be the one that was meant (host key, certificate).
 * - `misconfigured`: the URL or a setting cannot be right: no such bucket, no such scheme.
 * - `unsupported`: this kind of store cannot do it.
 */
export type StoreProblem =
  | 'unreachable'
  | 'busy'
  | 'failed'
  | 'forbidden'
  | 'full'
  | 'missing'
  | 'untrusted'
  | 'misconfigured'
  | 'unsupported';

const KINDS: Record<StoreProblem, { mayPass: boolean; hint: string }> = {
  unreachable: { mayPass: true, hint: 'Check that the server runs and that this host reaches it.' },
  busy: { mayPass: true, hint: 'Try again later, or set OFFSITE_RATE lower.' },
  failed: { mayPass: true, hint: 'Try again; look at the log of the server if it stays.' },
  forbidden: { mayPass: false, hint: 'Check the credentials, and what they may do there.' },
  full: { mayPass: false, hint: 'Make room there or raise the quota; nothing that was stored is lost.' },
  missing: { mayPass: false, hint: 'List the store to see what it has.' },
  untrusted: { mayPass: false, hint: 'Find out whose server answers before anything is sent to it.' },
  misconfigured: { mayPass: false, hint: 'Correct OFFSITE_URL; docs/stores.md has its forms.' },
  unsupported: { mayPass: false, hint: 'Use another kind of store for this; docs/stores.md compares them.' },
};

/** `message` says what happened, `why` the reason, `hint` what to do. None of them ever holds a secret. */
export class StoreError extends Error {
  override readonly name: string = 'StoreError';
  readonly kind: StoreProblem;
  readonly why: string;
  readonly hint: string;

  constructor(
    kind: StoreProblem,
    message: string,
    options: { why?: string; hint?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.why = options.why ?? (options.cause instanceof Error ? options.cause.message : '');
    this.hint = options.hint ?? KINDS[kind].hint;
  }

  /** Whether the same call may succeed later though nobody has changed anything. */
  get mayPass(): boolean {
    return KINDS[this.kind].mayPass;
  }
}

export class NoSuchObject extends StoreError {
  override readonly name = 'NoSuchObject';

  constructor(object: string, cause?: unknown) {
    super('missing', `the store has no object ${object}`, { cause });
  }
}
