/** Sessions without a store: a signed cookie, and the few that were ended before their time. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@gofr-backup/model';

const LIFETIME = 12 * 60 * 60 * 1000;

export interface Session {
  id: string;
  /** milliseconds since the epoch */
  expires: number;
  /** proved by the password; without one configured, every session is anonymous */
  signedIn: boolean;
}

export interface Sessions {
  /** a new session and the cookie that carries it */
  begin(signedIn: boolean): { session: Session; cookie: string };
  read(cookie: string | undefined): Session | undefined;
  end(session: Session): void;
  /** neither ended nor expired */
  isOpen(session: Session): boolean;
  /** goes into every form, and proves that the form came from us */
  csrfToken(session: Session): string;
  csrfValid(session: Session, token: unknown): boolean;
}

/** The key lives as long as the process: a restart signs everybody out, and no key lies on a disk. */
export function createSessions(clock: Clock): Sessions {
  const key = randomBytes(32);
  const ended = new Map<string, number>();
  const sign = (text: string) => createHmac('sha256', key).update(text).digest('base64url');
  const forget = () => {
    for (const [id, expires] of ended) if (expires < clock.now()) ended.delete(id);
  };
  const isOpen = ({ id, expires }: Session) => expires > clock.now() && !ended.has(id);
  const csrfToken = (session: Session) => sign(`csrf.${session.id}`);
  return {
    begin(signedIn) {
      const id = randomBytes(18).toString('base64url');
      const session = { id, expires: clock.now() + LIFETIME, signedIn };
      const text = `${id}.${session.expires}.${signedIn ? 1 : 0}`;
      return { session, cookie: `${text}.${sign(text)}` };
    },
    read(cookie) {
      const [id, expires, signedIn, signature] = cookie?.split('.') ?? [];
      if (!id || !signature || !equal(sign(`${id}.${expires}.${signedIn}`), signature)) return undefined;
      const session = { id, expires: Number(expires), signedIn: signedIn === '1' };
      return isOpen(session) ? session : undefined;
    },
    end(session) {
      forget();
      ended.set(session.id, session.expires);
    },
    isOpen,
    csrfToken,
    csrfValid: (session, token) => typeof token === 'string' && equal(csrfToken(session), token),
  };
}

/** Constant time for texts of one length. */
export function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
