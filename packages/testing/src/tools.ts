/**
 * Whether a program of others that a test asks for its opinion is missing and could not be installed; for
 * `test.skipIf(isMissing('bsdtar'))`. `npm test` finds that out once (scripts/test-tools.ts).
 */
export function isMissing(...tools: string[]): boolean {
  const missing = (process.env['TEST_TOOLS_MISSING'] ?? '').split(',');
  return tools.some((tool) => missing.includes(tool));
}

/** How often a random test tries: `few` while one waits, `many` with GOFR_SLOW_TESTS=1, as CI has it. */
export const tries = (few: number, many: number): number =>
  process.env['GOFR_SLOW_TESTS'] === '1' ? many : few;
