/** Entry of the writer's worker threads; bundled as a sibling file of the main bundle, `frame-worker.js`. */
import { type FrameResult, type FrameThreadSetup, frameWorker, type WritingJob } from './frame-jobs.ts';
import { serveJobs } from '../threads.ts';

serveJobs<FrameThreadSetup, WritingJob, FrameResult>(frameWorker);
