import type { Lane } from '@mcp-fleet/core';

/** The name of a lane's BullMQ queue. */
export const laneName = (backend: { queueName: string }, lane: Lane): string =>
  lane === 'batch' ? `${backend.queueName}-batch` : backend.queueName;
