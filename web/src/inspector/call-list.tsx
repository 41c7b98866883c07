import { useState } from 'preact/hooks';
import { IS_DEMO } from '../mode.js';
import { ask, useAsked } from '../operator/ask.js';
import { ProblemNote } from '../operator/sign-in.js';
import type { CallView } from '../operator/wire.js';
import { between, moment, personName, standing } from '../operator/words.js';
import { Link, callPath } from '../router.js';
import { DEFAULTS, Filters, type Filtered, filtersOfAddress, keepInAddress, queryOf } from './filters.js';

interface Page {
  items: CallView[];
  nextCursor: string | null;
}

const EVERY_MS = 2_000;

/** Everybody's calls, newest first: those on top by themselves, older ones on demand. */
export function CallList() {
  const [filters, setFilters] = useState(filtersOfAddress);
  const query = JSON.stringify(filters);
  const { answer, problem } = useAsked(
    query,
    (signal) => ask<Page>(`/calls?${queryOf(filters, Date.now())}`, signal),
    () => EVERY_MS,
  );
  const [older, setOlder] = useState<Page & { query: string }>({ items: [], nextCursor: null, query });
  const more = older.query === query && older.items.length > 0 ? older : null;
  const [loading, setLoading] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);

  const change = (changed: Partial<Filtered>): void => {
    const next = { ...filters, ...changed };
    keepInAddress(next);
    setFilters(next);
  };
  const cursor = more ? more.nextCursor : (answer?.nextCursor ?? null);
  const loadOlder = async (): Promise<void> => {
    setLoading(true);
    setFailed(null);
    try {
      const path = `/calls?${queryOf(filters, Date.now())}&cursor=${encodeURIComponent(cursor!)}`;
      const page = await ask<Page>(path, new AbortController().signal);
      const before = more?.items ?? answer?.items ?? [];
      setOlder({ items: [...before, ...page.items], nextCursor: page.nextCursor, query });
    } catch (error) {
      setFailed(error instanceof Error ? error.message : String(error));
    } finally {
      setLoading(false);
    }
  };
  const calls = merged(answer?.items ?? [], more?.items ?? []);
  return (
    <>
      <div class="page-head">
        <h1>Calls</h1>
        <span class="badge" data-tone={problem === null ? 'good' : 'bad'}>
          {problem === null ? '● live' : '○ not live'}
        </span>
      </div>
      <Filters filters={filters} onChange={change} />
      <ProblemNote problem={problem ?? failed} />
      {answer !== null && calls.length === 0 ? (
        <Nothing filtered={query !== JSON.stringify(DEFAULTS)} onReset={() => change(DEFAULTS)} />
      ) : (
        <CallTable calls={calls} busy={answer === null && problem === null} />
      )}
      {cursor !== null && (
        <p class="more">
          <button type="button" disabled={loading} onClick={() => void loadOlder()}>
            Older calls
          </button>
        </p>
      )}
    </>
  );
}

/** The newest as they are now, and below what was loaded before and is not among them. */
function merged(newest: CallView[], older: CallView[]): CallView[] {
  const known = new Set(newest.map(({ callId }) => callId));
  return [...newest, ...older.filter(({ callId }) => !known.has(callId))];
}

function CallTable({ calls, busy }: { calls: CallView[]; busy: boolean }) {
  return (
    <div class="card call-table" aria-busy={busy}>
      <table>
        <caption class="visually-hidden">Calls, newest first</caption>
        <thead>
          <tr>
            {['Began', 'From', 'To', 'Media', 'Result', 'Rang after', 'Talked'].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {calls.map((call) => (
            <CallRow key={call.callId} call={call} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function CallRow({ call }: { call: CallView }) {
  const { word, tone } = standing(call);
  const [caller, callee] = [personName(call.caller), personName(call.callee)];
  return (
    <tr>
      <td class="number when">
        <Link
          href={callPath(call.callId)}
          aria-label={`${caller} called ${callee}, ${moment(call.initiatedAt)}`}
        >
          <time dateTime={call.initiatedAt}>{moment(call.initiatedAt)}</time>
        </Link>
      </td>
      <td class="who">{caller}</td>
      <td class="who callee">{callee}</td>
      <td class="media">{call.media}</td>
      <td class="result">
        <span class="badge" data-tone={tone}>
          {word}
        </span>
      </td>
      <td class="number rang" data-none={call.ringingAt === null}>
        {between(call.initiatedAt, call.ringingAt) ?? '–'}
      </td>
      <td class="number talked">{between(call.answeredAt, call.endedAt) ?? '–'}</td>
    </tr>
  );
}

function Nothing({ filtered, onReset }: { filtered: boolean; onReset: () => void }) {
  return (
    <div class="card empty">
      {filtered ? (
        <>
          <p>No call fits these filters.</p>
          <p>
            <button type="button" onClick={onReset}>
              Show all calls
            </button>
          </p>
        </>
      ) : (
        <>
          <p>No calls in this time.</p>
          <p>
            {IS_DEMO ? (
              <>
                Make one on the <Link href="/">Phones</Link> page; it appears here at once.
              </>
            ) : (
              'As soon as somebody calls somebody, it appears here by itself.'
            )}
          </p>
        </>
      )}
    </div>
  );
}
