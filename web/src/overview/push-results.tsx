import { IS_DEMO } from '../mode.js';
import type { PushCount } from '../operator/wire.js';
import { BarTable } from './bar-table.js';

const RESULTS: Record<PushCount['result'], { name: string; tone: string }> = {
  accepted: { name: '✓ accepted', tone: 'good' },
  rejected: { name: '✕ refused', tone: 'bad' },
  retried: { name: '↻ retried', tone: 'ring' },
  'environment-corrected': { name: '+ environment healed', tone: 'info' },
  'token-retired': { name: '✕ token retired', tone: 'bad' },
};

/** What Apple and Google said to our pushes, by environment and reason. */
export function PushResults({ pushes }: { pushes: PushCount[] }) {
  const total = pushes.filter(isAnswer).reduce((sum, { count }) => sum + count, 0);
  return (
    <section class="card pushes" aria-labelledby="pushes">
      <h2 id="pushes">Pushes</h2>
      {pushes.length === 0 ? (
        <div class="empty">
          <p>No push was sent in this time.</p>
          <p>Here comes what Apple and Google said to each, by environment and reason.</p>
          <p>
            {IS_DEMO
              ? 'Put a phone to the background, or kill its app, and call it: it is woken by a push.'
              : 'Pushes go to callees whose app is not open. Is the app registering its push tokens?'}
          </p>
        </div>
      ) : (
        <div class="table-box" role="group" aria-label="By environment and result" tabIndex={0}>
          <BarTable
            heads={['Where', 'Result']}
            total={total}
            rows={[...pushes].sort(byPlace).map((push) => ({
              key: JSON.stringify({ ...push, count: 0 }),
              cells: [where(push), resultOf(push)],
              count: push.count,
              tone: RESULTS[push.result].tone,
              beside: !isAnswer(push),
            }))}
          />
        </div>
      )}
    </section>
  );
}

const where = ({ provider, environment }: PushCount): string =>
  provider === 'fcm' ? 'FCM' : `APNs ${environment ?? ''}`.trim();

const byPlace = (a: PushCount, b: PushCount): number => where(a).localeCompare(where(b)) || b.count - a.count;

/** What a provider answered to a push, rather than what was concluded from it. */
const isAnswer = ({ result }: PushCount): boolean =>
  result === 'accepted' || result === 'rejected' || result === 'retried';

function resultOf({ result, status, reason }: PushCount): string {
  const why = result === 'accepted' ? '' : [status, reason].filter(Boolean).join(' ');
  return why === '' ? RESULTS[result].name : `${RESULTS[result].name}: ${why}`;
}
