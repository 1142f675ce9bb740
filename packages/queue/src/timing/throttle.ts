import type { Progress, ProgressEvent } from '@gofr-backup/model';

export interface ThrottledProgress {
  report: Progress;
  /** Sends what is held back, and waits for it. */
  end(): Promise<void>;
}

/** At most one event each `interval` ms, the newest; a new phase at once. Failures of `send` are dropped. */
export function throttleProgress(
  send: (event: ProgressEvent) => Promise<unknown>,
  interval = 400,
): ThrottledProgress {
  let held: ProgressEvent | undefined;
  let phase: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let sent: Promise<unknown> = Promise.resolve();
  const sendHeld = (): void => {
    const event = held;
    held = undefined;
    if (event) sent = sent.then(() => send(event)).catch(() => {});
  };
  const tick = (): void => {
    timer = held ? setTimeout(tick, interval) : undefined;
    sendHeld();
  };
  return {
    report(event) {
      held = event;
      if (event.phase !== phase) sendHeld();
      phase = event.phase;
      timer ??= setTimeout(tick, interval);
    },
    async end() {
      clearTimeout(timer);
      sendHeld();
      await sent;
    },
  };
}
