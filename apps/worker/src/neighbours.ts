import { repositoryOf } from '@gofr-backup/core';
import { isInDoubt, type OperationContext } from '@gofr-backup/model';

/**
 * Says at start that another project writes into the same directory, and that backups do not count. The first run
 * reports a directory that cannot be read.
 */
export async function tellNeighbours(context: OperationContext): Promise<void> {
  const { plan, logger } = context;
  try {
    const known = await (await repositoryOf(context)).known();
    const { foreign, writer } = known;
    const { backupDir, prefix, project } = plan;
    if (foreign.length > 0)
      logger.warn(
        { backupDir, prefix, foreign },
        'backups of another project lie in BACKUP_DIR; they are never touched, but a directory for each project is safer',
      );
    else if (writer !== undefined && writer !== project)
      logger.warn(
        { backupDir, prefix, project, writer },
        'another project with the same PREFIX has written to BACKUP_DIR: each prunes the other. Give each its own PREFIX',
      );
    const adopted = known.list().filter(isInDoubt).length;
    if (adopted > 0)
      logger.warn(
        { backupDir, backups: adopted },
        'backups without a record that this installation signed: each is verified before it counts (`verify --all`, or VERIFY_SCHEDULE)',
      );
  } catch (error) {
    logger.debug({ err: error }, 'the backup directory could not be looked at');
  }
}
