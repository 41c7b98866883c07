export interface BarRow {
  key: string;
  /** The cells before the bar; the first one names the row. */
  cells: string[];
  count: number;
  tone: string;
  /** Not a part of the whole, so it has no share. */
  beside?: boolean;
}

/** A table whose last column is drawn as well: as much for the eye as for a screen reader. */
export function BarTable({ heads, rows, total }: { heads: string[]; rows: BarRow[]; total: number }) {
  const most = Math.max(1, ...rows.map(({ count }) => count));
  return (
    <table class="figures bar-table">
      <thead>
        <tr>
          {[...heads, 'Count', 'Share'].map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
          <td />
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, cells, count, tone, beside }) => (
          <tr key={key}>
            {cells.map((cell, nr) =>
              nr === 0 ? (
                <th key={nr} scope="row">
                  {cell}
                </th>
              ) : (
                <td key={nr}>{cell}</td>
              ),
            )}
            <td class="number">{count.toLocaleString()}</td>
            <td class="number">{total === 0 || beside ? '–' : `${((100 * count) / total).toFixed(1)} %`}</td>
            <td class="bar-cell" aria-hidden="true">
              <svg viewBox="0 0 100 10" preserveAspectRatio="none">
                <rect
                  class="bar"
                  data-tone={tone}
                  width={count === 0 ? 0 : Math.max(0.8, (100 * count) / most)}
                  height="10"
                />
              </svg>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
