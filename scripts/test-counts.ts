import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/** What really ran; written for scripts/test.ts, which must not believe an exit code alone. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
  /** full names, with their files */
  failures: string[];
  skips: string[];
}

/** A vitest reporter that writes TestCounts as JSON to the file named by TEST_COUNTS_FILE. */
export default class TestCountsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const file = process.env['TEST_COUNTS_FILE'];
    if (file) writeFileSync(file, JSON.stringify(count(modules, unhandled)));
  }
}

function count(modules: readonly TestModule[], unhandled: readonly SerializedError[]): TestCounts {
  const counts: TestCounts = { passed: 0, failed: 0, skipped: 0, failures: [], skips: [] };
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const state = test.result().state;
      const name = `${module.relativeModuleId} > ${test.fullName}`;
      if (state === 'passed') counts.passed += 1;
      else if (state === 'skipped') counts.skips.push(name);
      else counts.failures.push(name);
    }
    // a file that does not even load, or whose hook outside any test failed, has no failed test to show for it
    if (module.state() === 'failed' && module.errors().length > 0)
      counts.failures.push(module.relativeModuleId);
    for (const suite of module.children.allSuites()) {
      if (suite.errors().length > 0) counts.failures.push(`${module.relativeModuleId} > ${suite.fullName}`);
    }
  }
  for (const error of unhandled) counts.failures.push(`unhandled: ${error.message}`);
  return { ...counts, failed: counts.failures.length, skipped: counts.skips.length };
}
