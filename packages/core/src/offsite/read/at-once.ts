/** Maps with so many calls at once; the results are in order. The first failure is thrown when all calls have ended. */
export async function atOnce<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let failed = false;
  const one = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const number = next++;
      try {
        results[number] = await work(items[number]!);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: limit }, one));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  return results;
}
