import { createHmac } from 'node:crypto';
import type { Message } from './alert.ts';
import { bodyOf, type Channel, type NotifyPlan, subjectOf, type WebhookFormat } from './channel.ts';
import { post } from './post.ts';

interface Request {
  body: string;
  headers: Record<string, string>;
}

const asJson = (document: object): Request => ({
  body: JSON.stringify(document),
  headers: { 'content-type': 'application/json' },
});

/** ntfy shows them as pictures. */
const TAGS = { raised: 'warning', resolved: 'white_check_mark', summary: 'calendar' } as const;

/** Each service's documented request; `json` is our own, for scripts. */
const REQUESTS: Record<WebhookFormat, (alert: Message) => Request> = {
  json: (alert) => asJson({ version: 1, subject: subjectOf(alert), ...alert }),
  slack: (alert) => asJson({ text: slackText(`*${subjectOf(alert)}*\n${bodyOf(alert)}`) }),
  discord: (alert) =>
    asJson({
      content: `**${subjectOf(alert)}**\n${bodyOf(alert)}`.slice(0, 2000),
      allowed_mentions: { parse: [] },
    }),
  gotify: (alert) =>
    asJson({ title: subjectOf(alert), message: bodyOf(alert), priority: alert.state === 'raised' ? 8 : 3 }),
  ntfy: (alert) => ({
    body: bodyOf(alert),
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      // header values are latin1: anything else in a name would make fetch throw
      title: subjectOf(alert).replaceAll(/[^\x20-\x7e]/g, '?'),
      priority: alert.state === 'raised' ? 'high' : 'default',
      tags: TAGS[alert.state],
      ...(alert.link !== undefined && { click: alert.link }),
    },
  }),
};

/** A name in an alert calls nobody: `<!channel>` is a mention only where its brackets are not escaped. */
const slackText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/**
 * One POST. With a secret the receiver can check `X-Gofr-Signature: sha256=<hex HMAC-SHA256 of the body>`.
 */
export function webhookChannel(plan: NonNullable<NotifyPlan['webhook']>): Channel {
  return {
    name: 'webhook',
    async send(alert, signal) {
      const { body, headers } = REQUESTS[plan.format](alert);
      if (plan.secret) {
        headers['x-gofr-signature'] =
          `sha256=${createHmac('sha256', plan.secret).update(body).digest('hex')}`;
      }
      await post(new URL(plan.url), { body, headers, signal });
    },
  };
}
