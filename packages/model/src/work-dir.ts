/** The name of a restore's work directory. No backup holds it, and only the restore that made it touches it. */
import type { BytePath } from './byte-path.ts';

export const WORK_DIR = /^\.gofr-restore-([0-9a-f]{16})$/;
export const workDirName = (id: string): string => `.gofr-restore-${id}`;
export const isWorkDirName = (name: string): boolean => WORK_DIR.test(name);
export const isWorkDir = (path: BytePath): boolean => isWorkDirName(path.slice(path.lastIndexOf('/') + 1));
