import { describeSettings } from '@gofr-backup/config';
import type { Session } from '../session.ts';
import { columns } from '../columns.ts';

export async function run(session: Session): Promise<void> {
  const { settings, paint } = session;
  const described = describeSettings(settings);
  const rows = columns(described.map(({ name, value, source }) => [`  ${name}`, value ?? '(unset)', source]));
  const lines = described.flatMap(({ group, source }, at) => {
    const line = rows[at] ?? '';
    const head = group === described[at - 1]?.group ? [] : ['', paint.bold(group)];
    return [...head, source === 'default' ? paint.dim(line) : line];
  });
  const document = { project: settings.project, settings: described, warnings: settings.warnings };
  session.answer(document, [`Project: ${settings.project}`, ...lines]);
}
