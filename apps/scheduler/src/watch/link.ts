import type { Channel, Message } from '@gofr-backup/notify';

/** The channel, with the page of the dashboard that shows what a message is about. `url`: where a person opens the dashboard. */
export function linking(channel: Channel, url: string | undefined): Channel {
  if (url === undefined) return channel;
  const base = url.endsWith('/') ? url : `${url}/`;
  return {
    name: channel.name,
    send: (message, signal) =>
      channel.send({ ...message, link: new URL(pageOf(message), base).href }, signal),
  };
}

/** Relative to the first page. */
function pageOf({ kind, about }: Message): string {
  if (kind === 'backup-failed') return 'jobs';
  if (kind === 'prune-held') return 'prune';
  if (kind === 'corrupt' || kind === 'drill-failed') return `backups/${encodeURIComponent(about)}`;
  return '';
}
