// Loaded into the gateway's process before it: says how late the event loop was since it was last asked to begin.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 10;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
process.on('message', (message) => {
  if (message === 'begin') {
    delay.reset();
    process.send({});
  }
  // The monitor counts its own interval in.
  const late = (nanoseconds) => Math.max(nanoseconds / 1e6 - RESOLUTION_MS, 0);
  if (message === 'end') process.send({ p99: late(delay.percentile(99)), max: late(delay.max) });
});
// Not to outlive a benchmark that was broken off.
process.on('disconnect', () => process.exit());
