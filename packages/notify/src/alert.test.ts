import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Acknowledgement, ALERT_KINDS, alertId, type Condition } from '@gofr-backup/model';
import { type Alert, changes, type Raised, remember, withoutEnded } from './alert.ts';

const condition = fc.record({
  kind: fc.constantFrom(...ALERT_KINDS),
  about: fc.constantFrom('a', 'b', 'c'),
  title: fc.string(),
  text: fc.string(),
  degree: fc.integer({ min: 0, max: 2 }),
});
const step = fc.record({ now: fc.array(condition), acknowledged: fc.array(condition) });
const somebody: Acknowledgement = { by: 'root', at: 't' };

test('raised and resolved alternate for every condition, whatever the history and whoever acknowledges', () => {
  fc.assert(
    fc.property(fc.array(step), (history) => {
      let told: Raised = {};
      const open = new Set<string>();
      for (const [at, { now, acknowledged }] of history.entries()) {
        const present = new Set(now.map(alertId));
        const acknowledgements = Object.fromEntries(acknowledged.map((one) => [alertId(one), somebody]));
        told = withoutEnded(told, now);
        for (const alert of changes(told, {
          project: 'p',
          conditions: now,
          acknowledgements,
          at: `t${at}`,
        })) {
          told = remember(told, alert);
          expect(open.has(alertId(alert))).toBe(alert.state === 'resolved');
          if (alert.state === 'raised') open.add(alertId(alert));
          else open.delete(alertId(alert));
        }
        expect(new Set(Object.keys(told))).toEqual(present);
        const silent = Object.entries(told).filter(([, { acknowledged: by }]) => by);
        expect(open).toEqual(present.difference(new Set(silent.map(([id]) => id))));
      }
    }),
  );
});

const failed = (text: string, degree = 0): Condition => ({
  ...{ kind: 'backup-failed', about: '', title: 'failed', text, degree },
});
const look = (told: Raised, at: string, ...conditions: Condition[]) =>
  changes(told, { project: 'p', conditions, at });

test('a condition that goes on is told once, though its text changes, and keeps its beginning', () => {
  const [begun] = look({}, '1', failed('disk full'));
  const told = remember({}, begun as Alert);
  expect(look(told, '2', failed('still full'))).toEqual([]);
  expect(look(told, '3')).toMatchObject([{ state: 'resolved', since: '1', at: '3' }]);
});

test('an acknowledged one is told again when it is worse than then, and when it begins again', () => {
  const told = remember({}, look({}, '1', failed('disk full', 1))[0] as Alert);
  const [ending] = changes(told, {
    ...{ project: 'p', conditions: [failed('fuller', 2)], at: '2' },
    acknowledgements: { 'backup-failed': somebody },
  });
  expect(ending).toMatchObject({ state: 'resolved', text: 'fuller', since: '1', acknowledged: somebody });
  const seen = remember(told, ending as Alert);
  expect(look(seen, '3', failed('as full', 2))).toEqual([]);
  expect(look(seen, '3', failed('fullest', 3))).toMatchObject([{ state: 'raised', since: '1' }]);
  expect(look(seen, '4')).toEqual([]);
  expect(withoutEnded(seen, [])).toEqual({});
});
