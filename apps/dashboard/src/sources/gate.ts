/** How many may do something at once. */

/** Lets `width` in at a time, the others in the order they came. Resolves to the way out. */
export function createGate(width: number): () => Promise<() => void> {
  const queue: (() => void)[] = [];
  let inside = 0;
  const leave = () => {
    const next = queue.shift();
    if (next) next();
    else inside--;
  };
  return async () => {
    if (inside < width) inside++;
    else await new Promise<void>((resolve) => queue.push(resolve));
    return leave;
  };
}
