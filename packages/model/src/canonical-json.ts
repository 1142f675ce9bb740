/** JSON without spaces and with the keys in order at every level: the same text for the same value, whoever wrote it. */
export const canonicalJson = (value: unknown): string => JSON.stringify(sorted(value));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  return typeof value === 'object' && value !== null ? sortedKeys(value) : value;
}

/** Without a prototype, so that `__proto__` is a key like any other. */
function sortedKeys(value: object): object {
  const copy = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(value).sort()) copy[key] = sorted((value as Record<string, unknown>)[key]);
  return copy;
}
