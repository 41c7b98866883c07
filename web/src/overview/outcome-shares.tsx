import type { Outcome, OverviewFigures } from '../operator/wire.js';

const TONES: Record<Outcome, string> = {
  completed: 'good',
  declined: 'plain',
  busy: 'busy',
  cancelled: 'cancelled',
  missed: 'ring',
  failed: 'bad',
};

/** How calls ended, as one bar and its legend; what did not happen is left out. */
export function OutcomeShares({ outcomes, live }: { outcomes: OverviewFigures['outcomes']; live: number }) {
  const all = [
    ...outcomes.map(({ outcome, calls }) => ({ name: outcome, tone: TONES[outcome], calls })),
    { name: 'not over yet', tone: 'info', calls: live },
  ].filter(({ calls }) => calls > 0);
  const total = all.reduce((sum, { calls }) => sum + calls, 0);
  return (
    <section class="card outcomes" aria-labelledby="outcomes">
      <h2 id="outcomes">Outcomes</h2>
      <div class="stacked" aria-hidden="true">
        {all.map(({ name, tone, calls }) => (
          <span key={name} data-tone={tone} style={{ flexGrow: calls }} title={`${name}: ${calls}`} />
        ))}
      </div>
      <ul class="legend">
        {all.map(({ name, tone, calls }) => (
          <li key={name}>
            <span class="swatch" data-tone={tone} />
            <span class="legend-name">{name}</span>
            <span class="number">{calls.toLocaleString()}</span>
            <span class="number soft">{((100 * calls) / total).toFixed(1)} %</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
