/** The frame's facts, from the request it answers. */
import type { Context } from 'hono';
import { getCookie } from 'hono/cookie';
import type { Clock } from '@gofr-backup/model';
import type { Shell } from '../pages/shell.ts';
import type { Env, Rights } from './access.ts';
import type { Assets } from './assets.ts';
import type { Sessions } from './session.ts';

/** What may be said after an action; an address cannot put other words there. */
const NOTICES: Record<string, NonNullable<Shell['notice']>> = {
  joined: { level: 'attention', text: 'The same job was waiting or running already; this is that one.' },
  asked: { level: 'safe', text: 'Queued. Starts as soon as a worker is free.' },
  resumed: { level: 'safe', text: 'Resumed. What waits begins as soon as a worker is free.' },
  cancelled: { level: 'attention', text: 'Asked to stop; it leaves the state from before.' },
  acknowledged: {
    level: 'safe',
    text: 'Acknowledged. The next alert of it comes when it gets worse, or when it begins again.',
  },
  changed: {
    level: 'attention',
    text: 'The plan has changed since it was shown, so nothing was removed. This is the plan now.',
  },
};

export type MakeShell = (c: Context<Env>) => Shell;

export function shellMaker(
  facts: { project: string; rights: Rights; timezone: string; clock: Clock },
  sessions: Sessions,
  assets: Assets,
): MakeShell {
  const { project, rights, timezone, clock } = facts;
  const link = (path: string) => `${rights.base}/${path}`;
  return (c) => {
    const theme = getCookie(c, 'theme');
    const notice = NOTICES[c.req.query('said') ?? ''];
    return {
      project,
      link,
      asset: (name) => link(`assets/${assets.hashed(name)}`),
      csrf: sessions.csrfToken(c.get('session')),
      readOnly: rights.readOnly,
      canSignOut: rights.checkPassword !== undefined,
      theme: theme === 'light' || theme === 'dark' ? theme : undefined,
      now: clock.now(),
      timezone,
      ...(notice && { notice }),
    };
  };
}
