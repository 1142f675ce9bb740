/** Does `work` every so often, never twice at once: while Redis is silent, one of it waits. `work` does not reject. */
export function repeat(every: number, work: () => Promise<void>): { stop(): Promise<void> } {
  let working: Promise<void> | undefined;
  const timer = setInterval(() => {
    working ??= work().finally(() => (working = undefined));
  }, every);
  return {
    /** Resolves when what was begun is over. */
    async stop() {
      clearInterval(timer);
      await working;
    },
  };
}
