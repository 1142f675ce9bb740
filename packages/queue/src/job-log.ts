import type { Logger } from '@gofr-backup/core';
export type JobLogger = Logger;
