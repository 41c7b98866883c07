import { useEffect, useState } from 'preact/hooks';
import type { OverviewFigures } from '../operator/wire.js';
import { linePath } from './chart.js';

const MOST = 120;
const [WIDE, HIGH] = [120, 28];

/** How many sockets are connected now, and how that went while the page was open. */
export function LiveSockets({ sockets, at }: { sockets: OverviewFigures['sockets']; at: string }) {
  const [seen, setSeen] = useState<number[]>([]);
  useEffect(() => setSeen((before) => [...before, sockets.cluster].slice(-MOST)), [at]);
  const { nodes, node, cluster } = sockets;
  return (
    <dl class="card tile">
      <dt>Live sockets</dt>
      <dd class="tile-figure number">{cluster.toLocaleString()}</dd>
      <dd class="soft">{nodes === 1 ? 'on one node' : `on ${nodes} nodes, ${node} on this one`}</dd>
      {seen.length > 1 && (
        <dd class="spark">
          <svg
            viewBox={`0 -2 ${WIDE} ${HIGH + 4}`}
            preserveAspectRatio="none"
            role="img"
            aria-label={`Since this page was opened: between ${Math.min(...seen)} and ${Math.max(...seen)}`}
          >
            <path d={linePath(seen, WIDE, HIGH)} vector-effect="non-scaling-stroke" />
          </svg>
        </dd>
      )}
    </dl>
  );
}
