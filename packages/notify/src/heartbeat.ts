/**
 * Pings in the style of healthchecks.io: `<url>/start` when a run begins, `<url>` when it ended well, `<url>/fail` with
 * the reason when it failed. A dead machine is noticed by the pings that do not come.
 */
import { printable } from '@gofr-backup/model';

export type Beat = 'start' | 'success' | 'fail';

/** Resolves true when the ping was accepted; never rejects and never takes longer than `timeoutMs`. */
export async function ping(url: string, beat: Beat, text = '', timeoutMs = 10_000): Promise<boolean> {
  const target = new URL(url);
  if (beat !== 'success') target.pathname = `${target.pathname.replace(/\/$/, '')}/${beat}`;
  try {
    const answer = await fetch(target, {
      method: 'POST',
      body: printable(text),
      signal: AbortSignal.timeout(timeoutMs),
    });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
