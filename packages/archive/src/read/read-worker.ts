/** The entry of a thread that reads frames. */
import { frameReading, type ReadJob, type ReadResult, type ReadShared } from './read-jobs.ts';
import { serveJobs } from '../threads.ts';

serveJobs<ReadShared, ReadJob[], ReadResult>((shared) => {
  const read = frameReading(shared);
  return (jobs) => ({ result: read(jobs) });
});
