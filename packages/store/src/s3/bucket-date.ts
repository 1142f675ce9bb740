/** The `Date` that a server answers with, which no output of the SDK has. */
import type { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { toDate } from '../http/answer-date.ts';

/** Also of an answer that refuses. */
export async function dateOf(
  client: S3Client,
  command: HeadBucketCommand,
  options: { abortSignal?: AbortSignal },
): Promise<Date> {
  let date: string | undefined;
  command.middlewareStack.add(
    (next) => async (asked) => {
      const answer = await next(asked);
      date = (answer.response as { headers?: Record<string, string> }).headers?.['date'];
      return answer;
    },
    // before the answer is judged
    { step: 'deserialize', priority: 'low' },
  );
  const failure = await client.send(command, options).then(
    () => undefined,
    (error: unknown) => error,
  );
  return toDate(date, failure);
}
