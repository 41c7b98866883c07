import { useEffect, useState } from 'preact/hooks';

/** What the list is narrowed to; empty: not at all. */
export interface Filtered {
  user: string;
  outcome: string;
  state: string;
  span: string;
}

export const DEFAULTS: Filtered = { user: '', outcome: '', state: '', span: '1440' };

const OUTCOMES = ['completed', 'declined', 'busy', 'cancelled', 'missed', 'failed'];
const STATES = ['initiated', 'ringing', 'answered', 'ended'];
/** Minutes. */
export const SPANS: [minutes: string, name: string][] = [
  ['60', 'the last hour'],
  ['1440', 'the last day'],
  ['10080', 'the last 7 days'],
  ['44640', 'the last 31 days'],
];
/** How long somebody stops typing before they are done. */
const TYPED_MS = 350;

export function Filters({
  filters,
  onChange,
}: {
  filters: Filtered;
  onChange: (changed: Partial<Filtered>) => void;
}) {
  const [user, setUser] = useState(filters.user);
  useEffect(() => setUser(filters.user), [filters.user]);
  useEffect(() => {
    if (user.trim() === filters.user) return;
    const timer = setTimeout(() => onChange({ user: user.trim() }), TYPED_MS);
    return () => clearTimeout(timer);
  }, [user]);
  return (
    <form
      class="filters"
      role="search"
      aria-label="Filter the calls"
      onSubmit={(event) => event.preventDefault()}
    >
      <label>
        User
        <input
          type="search"
          placeholder="user id, caller or callee"
          maxLength={128}
          value={user}
          onInput={({ currentTarget }) => setUser(currentTarget.value)}
        />
      </label>
      <Choice name="State" value={filters.state} options={STATES} onChange={(state) => onChange({ state })} />
      <Choice
        name="Outcome"
        value={filters.outcome}
        options={OUTCOMES}
        onChange={(outcome) => onChange({ outcome })}
      />
      <label>
        Began in
        <select
          value={filters.span}
          onChange={({ currentTarget }) => onChange({ span: currentTarget.value })}
        >
          {SPANS.map(([minutes, name]) => (
            <option key={minutes} value={minutes}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </form>
  );
}

function Choice({
  name,
  value,
  options,
  onChange,
}: {
  name: string;
  value: string;
  options: string[];
  onChange: (value: string) => void;
}) {
  return (
    <label>
      {name}
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        <option value="">any</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The filters are in the address, so that a filtered list can be shared. */
export function filtersOfAddress(): Filtered {
  const given = new URLSearchParams(location.search);
  const known = (name: string, values: string[], other: string): string => {
    const value = given.get(name);
    return value !== null && values.includes(value) ? value : other;
  };
  return {
    user: (given.get('user') ?? '').slice(0, 128),
    outcome: known('outcome', OUTCOMES, ''),
    state: known('state', STATES, ''),
    span: known(
      'span',
      SPANS.map(([minutes]) => minutes),
      DEFAULTS.span,
    ),
  };
}

export function keepInAddress(filters: Filtered): void {
  const kept = new URLSearchParams(
    Object.entries(filters).filter(([name, value]) => value !== DEFAULTS[name as keyof Filtered]),
  );
  const search = kept.size > 0 ? `?${kept}` : '';
  history.replaceState(null, '', location.pathname + search);
}

/** The query of the route. */
export function queryOf({ user, outcome, state, span }: Filtered, now: number): URLSearchParams {
  const query = new URLSearchParams({ limit: '50' });
  for (const [name, value] of Object.entries({ user, outcome, state }))
    if (value !== '') query.set(name, value);
  query.set('from', new Date(now - Number(span) * 60_000).toISOString());
  return query;
}
