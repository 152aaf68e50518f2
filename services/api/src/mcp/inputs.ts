import { z } from 'zod';

/** Arguments that several tools take. */
export const inputs = {
  jobId: z.string().min(1).max(64).describe('Id of a job, such as job_01J…'),
  sessionId: z.string().min(1).max(64).describe('Id of a session, such as sess_01J…'),
  page: {
    limit: z.int().min(1).max(100).default(20).describe('How many'),
    after_id: z.string().max(64).optional().describe('The last_id of the page before'),
  },
};
