import type { Outcome, OverviewFigures } from '../operator/wire.js';
import { BarTable } from './bar-table.js';

const TONES: Record<Outcome, string> = {
  ...{ completed: 'good', declined: 'plain', busy: 'plain', cancelled: 'plain' },
  ...{ missed: 'ring', failed: 'bad' },
};

/** How calls ended; those that are not over count as live. */
export function OutcomeShares({ outcomes, live }: { outcomes: OverviewFigures['outcomes']; live: number }) {
  const rows = outcomes.map(({ outcome, calls }) => ({
    ...{ key: outcome, cells: [outcome], count: calls, tone: TONES[outcome] },
  }));
  const all = [...rows, { key: 'live', cells: ['still live'], count: live, tone: 'info' }];
  return (
    <section class="card" aria-labelledby="outcomes">
      <h2 id="outcomes">Outcomes</h2>
      <BarTable heads={['Outcome']} rows={all} total={all.reduce((sum, { count }) => sum + count, 0)} />
    </section>
  );
}
