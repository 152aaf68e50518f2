/** A lasting conversation: its succeeded jobs in order. */
export interface Session {
  id: string;
  tenant: string;
  agent: string;
  metadata: Record<string, string>;
  /** The job that holds the session now, or null when it is idle. */
  activeJob: string | null;
  /** Turns below this one are no longer part of the context; moves forward in large steps only. */
  contextFrom: number;
  createdAt: Date;
  updatedAt: Date;
}

export interface NewSession {
  id: string;
  tenant: string;
  agent: string;
  metadata: Record<string, string>;
}
