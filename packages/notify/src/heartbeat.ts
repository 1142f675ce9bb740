/**
 * Pings in the style of healthchecks.io: `<url>/start` when a run begins, `<url>` when it ended well, `<url>/fail` with
 * the reason when it failed. A dead machine is noticed by the pings that do not come.
 */
import { printable } from '@gofr-backup/model';
import { post, reasonOf } from './post.ts';

export type Beat = 'start' | 'success' | 'fail';

/** Resolves to why the ping was not accepted, undefined when it was; never rejects and never takes longer than `timeoutMs`. */
export async function ping(
  url: string,
  beat: Beat,
  text = '',
  timeoutMs = 10_000,
): Promise<string | undefined> {
  const target = new URL(url);
  if (beat !== 'success') target.pathname = `${target.pathname.replace(/\/$/, '')}/${beat}`;
  try {
    await post(target, { body: printable(text), signal: AbortSignal.timeout(timeoutMs) });
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}
