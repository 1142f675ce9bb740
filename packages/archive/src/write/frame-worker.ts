/** Entry of the writer's worker threads; bundled as a sibling file of the main bundle, `frame-worker.js`. */
import { type FrameThreadSetup, frameWorker, type WritingJob } from './frame-jobs.ts';
import type { FrameResult } from './frame-result.ts';
import { serveJobs } from '../threads.ts';

serveJobs<FrameThreadSetup, WritingJob, FrameResult>(frameWorker);
