/** The phases of a backup, in this order. A retry goes on at the one that failed. */
export const BACKUP_PHASES = ['archive', 'verify', 'promote', 'prune'] as const;
export type BackupPhase = (typeof BACKUP_PHASES)[number];

/** What long work of any operation reports: these names stand in a progress bar, on the page and in a job's progress. */
export type Phase = BackupPhase | 'index' | 'extract' | 'compare' | 'copy' | 'fetch';
