/** Undefined for what is no JSON: whoever may write to Redis may write anything. */
export function parseJson(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}
