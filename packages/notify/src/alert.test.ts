import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ALERT_KINDS, type Condition, changes, keyOf, type Raised } from './alert.ts';

const condition = fc.record({
  kind: fc.constantFrom(...ALERT_KINDS),
  about: fc.constantFrom('a', 'b', 'c'),
  title: fc.string(),
  text: fc.string(),
});

test('raised and resolved alternate for every condition, whatever the history', () => {
  fc.assert(
    fc.property(fc.array(fc.array(condition)), (history) => {
      let told: Raised = {};
      const open = new Set<string>();
      for (const [step, now] of history.entries()) {
        const { alerts, raised } = changes('p', told, now, `t${step}`);
        for (const alert of alerts) {
          expect(open.has(keyOf(alert))).toBe(alert.state === 'resolved');
          if (alert.state === 'raised') open.add(keyOf(alert));
          else open.delete(keyOf(alert));
        }
        told = raised;
        expect(open).toEqual(new Set(now.map(keyOf)));
      }
    }),
  );
});

test('a condition that goes on is told once, though its text changes, and keeps its beginning', () => {
  const failed = (text: string): Condition => ({ kind: 'backup-failed', about: '', title: 'failed', text });
  const first = changes('p', {}, [failed('disk full')], '1');
  const second = changes('p', first.raised, [failed('still full')], '2');
  expect(first.alerts).toHaveLength(1);
  expect(second.alerts).toHaveLength(0);
  const third = changes('p', second.raised, [], '3');
  expect(third.alerts).toMatchObject([{ state: 'resolved', since: '1', at: '3' }]);
});
