import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from './alert.ts';
import type { Channel, NotifyPlan } from './channel.ts';
import { mailChannel } from './mail.ts';
import { reasonOf } from './post.ts';
import { webhookChannel } from './webhook.ts';

export interface Delivery {
  channel: string;
  ok: boolean;
  attempts: number;
  /** why the last attempt failed; never a URL or a password */
  reason?: string;
}

export interface Patience {
  attempts: number;
  /** milliseconds for one attempt */
  timeoutMs: number;
  /** milliseconds before the second attempt; doubles each time */
  backoffMs: number;
}

const PATIENCE: Patience = { attempts: 3, timeoutMs: 10_000, backoffMs: 1000 };

export function channelsOf(plan: NotifyPlan): Channel[] {
  return [
    ...(plan.mail ? [mailChannel(plan.mail)] : []),
    ...(plan.webhook ? [webhookChannel(plan.webhook)] : []),
  ];
}

/** Sends one message on every channel at once. Never rejects: a channel that fails is reported, the others are not held up. */
export function deliver(
  message: Message,
  channels: Channel[],
  patience: Patience = PATIENCE,
): Promise<Delivery[]> {
  return Promise.all(channels.map((channel) => persist(message, channel, patience)));
}

async function persist(message: Message, channel: Channel, patience: Patience): Promise<Delivery> {
  let reason = '';
  for (let attempt = 1; attempt <= patience.attempts; attempt++) {
    try {
      await channel.send(message, AbortSignal.timeout(patience.timeoutMs));
      return { channel: channel.name, ok: true, attempts: attempt };
    } catch (error) {
      reason = reasonOf(error);
    }
    if (attempt < patience.attempts) await sleep(patience.backoffMs * 2 ** (attempt - 1));
  }
  return { channel: channel.name, ok: false, attempts: patience.attempts, reason };
}
