/** What lies in every store so that its copies come back without this program. */
export { README } from './readme.ts';
export { RESTORE_PY } from './restore-py.ts';
export { RESTORE_SH } from './restore-sh.ts';
