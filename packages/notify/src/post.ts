/** One POST to an address of the settings. Credentials in it are sent as the header they mean, since fetch refuses them in a URL. */
export async function post(
  url: URL,
  { headers = {}, ...request }: { body: string; headers?: Record<string, string>; signal: AbortSignal },
): Promise<void> {
  const target = new URL(url);
  const login = [target.username, target.password].map(decodeURIComponent).join(':');
  [target.username, target.password] = ['', ''];
  const credentials =
    login === ':' ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
  // refused, so that a secret address is never repeated elsewhere
  const options = { method: 'POST', redirect: 'error', headers: { ...credentials, ...headers } } as const;
  const answer = await fetch(target, { ...request, ...options });
  await answer.body?.cancel();
  if (!answer.ok) throw new Error(`it answered ${answer.status}`);
}

/** Why it failed, without the address, which may be a secret. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`.replaceAll(/\b\w+:\/\/\S+/g, '<url>');
}
