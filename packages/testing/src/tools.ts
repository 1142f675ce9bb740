/**
 * Whether a program of others that a test asks for its opinion is missing and could not be installed; for
 * `test.skipIf(isMissing('bsdtar'))`. `npm test` finds that out once (scripts/test-tools.ts).
 */
export function isMissing(...tools: string[]): boolean {
  const missing = (process.env['TEST_TOOLS_MISSING'] ?? '').split(',');
  return tools.some((tool) => missing.includes(tool));
}
