import { useState } from 'preact/hooks';
import { IS_DEMO } from '../mode.js';
import { ask, useAsked } from '../operator/ask.js';
import { OperatorsOnly, ProblemNote } from '../operator/sign-in.js';
import type { OverviewFigures } from '../operator/wire.js';
import { Link } from '../router.js';
import { CallsOverTime } from './calls-over-time.js';
import { LiveSockets } from './live-sockets.js';
import { OutcomeShares } from './outcome-shares.js';
import './overview.css';
import { PushResults } from './push-results.js';
import { TimeToRing } from './time-to-ring.js';

const SPANS: [minutes: string, name: string][] = [
  ['60', 'the last hour'],
  ['1440', 'the last day'],
  ['10080', 'the last 7 days'],
  ['44640', 'the last 31 days'],
];
const EVERY_MS = 5_000;

/** How calls fare: how soon they ring, how they end, how pushes are taken. */
export function Overview() {
  return (
    <div class="page">
      <OperatorsOnly>
        <Figures />
      </OperatorsOnly>
    </div>
  );
}

function Figures() {
  const [span, setSpan] = useState(IS_DEMO ? '60' : '1440');
  const { answer, problem } = useAsked(
    span,
    (signal) => {
      const from = new Date(Date.now() - Number(span) * 60_000).toISOString();
      return ask<OverviewFigures>(`/overview?from=${from}`, signal);
    },
    () => EVERY_MS,
  );
  return (
    <>
      <div class="page-head">
        <h1>Overview</h1>
        <span class="spring" />
        <label class="span-choice">
          Calls of{' '}
          <select value={span} onChange={({ currentTarget }) => setSpan(currentTarget.value)}>
            {SPANS.map(([minutes, name]) => (
              <option key={minutes} value={minutes}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <ProblemNote problem={problem} />
      {answer && <Dashboard {...answer} />}
    </>
  );
}

function Dashboard(figures: OverviewFigures) {
  const { calls, timeToRing, sockets, outcomes, pushes } = figures;
  return (
    <div class="dashboard">
      <TimeToRing {...timeToRing} />
      <Tile name="Calls" note={calls.live === 0 ? 'all are over' : `${calls.live} not over yet`}>
        {calls.total.toLocaleString()}
      </Tile>
      <LiveSockets sockets={sockets} at={figures.to} />
      {calls.total === 0 ? <NoCalls /> : <CallsOverTime {...calls} from={figures.from} to={figures.to} />}
      {calls.total > 0 && <OutcomeShares outcomes={outcomes} live={calls.live} />}
      <PushResults pushes={pushes} />
    </div>
  );
}

function Tile({ name, note, children }: { name: string; note: string; children: string }) {
  return (
    <dl class="card tile">
      <dt>{name}</dt>
      <dd class="tile-figure number">{children}</dd>
      <dd class="soft">{note}</dd>
    </dl>
  );
}

function NoCalls() {
  return (
    <div class="card empty wide">
      <h2>No calls in this time</h2>
      <p>Here come the calls per minute, and how they ended: answered, declined, missed or failed.</p>
      <p>
        {IS_DEMO ? (
          <>
            Make one on the <Link href="/">Phones</Link> page, or look further back.
          </>
        ) : (
          'Look further back, or wait: the figures come by themselves.'
        )}
      </p>
    </div>
  );
}
