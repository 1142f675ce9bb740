import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Alert, ALERT_KINDS, type Condition, changes, keyOf, type Raised, remember } from './alert.ts';

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
        for (const alert of changes('p', told, now, `t${step}`)) {
          told = remember(told, alert);
          expect(open.has(keyOf(alert))).toBe(alert.state === 'resolved');
          if (alert.state === 'raised') open.add(keyOf(alert));
          else open.delete(keyOf(alert));
        }
        expect(open).toEqual(new Set(now.map(keyOf)));
      }
    }),
  );
});

test('a condition that goes on is told once, though its text changes, and keeps its beginning', () => {
  const failed = (text: string): Condition => ({ kind: 'backup-failed', about: '', title: 'failed', text });
  const [begun] = changes('p', {}, [failed('disk full')], '1');
  const told = remember({}, begun as Alert);
  expect(changes('p', told, [failed('still full')], '2')).toEqual([]);
  expect(changes('p', told, [], '3')).toMatchObject([{ state: 'resolved', since: '1', at: '3' }]);
});
