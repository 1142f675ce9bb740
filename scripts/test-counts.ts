import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';

/** What really ran; written for scripts/test.ts, which must not believe an exit code alone. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
  /** full names, with their files */
  failures: string[];
  skips: string[];
  /** those that took longest, first the slowest, with their seconds */
  slowest: [file: string, seconds: number][];
}

export const nothingRan = (): TestCounts => ({
  passed: 0,
  failed: 0,
  skipped: 0,
  failures: [],
  skips: [],
  slowest: [],
});

const NAMED = 12;

/** A vitest reporter that writes TestCounts as JSON to the file named by TEST_COUNTS_FILE. */
export default class TestCountsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const file = process.env['TEST_COUNTS_FILE'];
    if (file) writeFileSync(file, JSON.stringify(count(modules, unhandled)));
  }
}

/** Tests that a name pattern (`-t`) leaves out were not asked for, so they are not counted as skipped. */
function isAskedFor({ fullName, project }: TestCase): boolean {
  return project.config.testNamePattern?.test(fullName.replaceAll(' > ', ' ')) ?? true;
}

function count(modules: readonly TestModule[], unhandled: readonly SerializedError[]): TestCounts {
  const counts: TestCounts = { ...nothingRan(), slowest: slowestOf(modules) };
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const state = test.result().state;
      const name = `${module.relativeModuleId} > ${test.fullName}`;
      if (state === 'passed') counts.passed += 1;
      else if (state === 'skipped') counts.skips.push(...(isAskedFor(test) ? [name] : []));
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

function slowestOf(modules: readonly TestModule[]): TestCounts['slowest'] {
  return modules
    .map((module): [string, number] => [module.relativeModuleId, module.diagnostic().duration / 1000])
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, NAMED);
}
