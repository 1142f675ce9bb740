/** Headers every answer carries: nothing from elsewhere, nothing inline, no frames but bull-board's, nothing cached by others. */
import type { MiddlewareHandler } from 'hono';

const POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
];
/** bull-board sets style attributes and elements from its script, and stands in a frame of ours. */
const BOARD_POLICY = [
  ...POLICY.filter((one) => !one.startsWith('frame-ancestors')),
  "frame-ancestors 'self'",
  "style-src 'self' 'unsafe-inline'",
];

export const securityHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  const isBoard = c.req.path.includes('/queues/');
  const policy = isBoard ? BOARD_POLICY : POLICY;
  const set = (name: string, value: string) => {
    if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  };
  set('Content-Security-Policy', policy.join('; '));
  set('X-Content-Type-Options', 'nosniff');
  set('X-Frame-Options', isBoard ? 'SAMEORIGIN' : 'DENY');
  set('Referrer-Policy', 'same-origin');
  set('Cross-Origin-Opener-Policy', 'same-origin');
  set('Cross-Origin-Resource-Policy', 'same-origin');
  set('Permissions-Policy', 'camera=(), geolocation=(), microphone=()');
  set('Cache-Control', 'no-store');
};
