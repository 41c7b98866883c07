import type { RecordedJob } from './event.js';

/** An append of this node has recorded jobs. Published in memory after the commit: if the process dies, any node finds them. */
export class JobsRecorded {
  constructor(readonly jobs: readonly RecordedJob[]) {}
}
