/** What rclone's refusal means: it answers 500 for nearly all of them, and says the rest in words of many libraries. */
import { StoreError, type StoreProblem } from '../store-error.ts';

const WORDS: [RegExp, StoreProblem][] = [
  [/(object|directory|file|entry) not found|is a directory or doesn't exist|not a directory/i, 'missing'],
  [/didn't find (section|backend)|unknown remote|failed to create file system/i, 'misconfigured'],
  [/no space left|quota exceeded|insufficient storage|disk full/i, 'full'],
  [/permission denied|access ?denied|forbidden|unauthorized|\b40[13]\b/i, 'forbidden'],
  [
    /connection (refused|reset)|no such host|no route|timeout|timed out|unreachable|unexpected eof|dial tcp/i,
    'unreachable',
  ],
  [/too many requests|slow ?down|rate limit|\b429\b/i, 'busy'],
];

/** What is no answer of rclone's stays what it is. */
export function rcloneError(thrown: unknown): unknown {
  if (!(thrown instanceof StoreError) || !thrown.why.startsWith('the server answers')) return thrown;
  const said = reasonIn(thrown.why);
  const kind = WORDS.find(([words]) => words.test(said))?.[1] ?? thrown.kind;
  if (kind === thrown.kind) return thrown;
  return new StoreError(kind, thrown.message, { why: thrown.why, cause: thrown });
}

/** Without what was asked for and without paths, whose words are not rclone's. */
function reasonIn(why: string): string {
  const said = /"error": "(?<error>(?:[^"\\]|\\.)*)"/.exec(why)?.groups?.['error'] ?? why;
  return said.replaceAll(/\S*\/\S*/g, ' ');
}
