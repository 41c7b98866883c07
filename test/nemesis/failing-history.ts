import type { Line } from './history.js';
import type { Round } from './round.js';

/** A failing round for somebody to read: what broke first, then the calls it broke for, then everything in order. */
export function storyOf({ seed, violations, evidence }: Round): string {
  const { history, stories, pushes } = evidence;
  const lines = history.lines();
  const start = lines[0]?.at ?? 0;
  const clock = (at: number): string => `${((at - start) / 1_000).toFixed(3).padStart(8)} s`;
  const recorded = [...stories.values()].flatMap(({ events, wake }) =>
    [...events, ...wake].map(({ at, streamId, version, event, actor }) => ({
      at,
      callIds: [streamId.slice(5)],
      text: `recorded  ${streamId} ${version} ${event.type} by ${actor?.deviceId ?? 'the gateway'} ${JSON.stringify(event.data)}`,
    })),
  );
  const pushed = pushes.map(({ at, service, phone, callId, apnsId, answered, type }) => ({
    at,
    callIds: [callId],
    text: `push      ${service} to ${phone?.name} ${type ?? 'wake'} ${callId} apns-id ${apnsId}: ${answered}`,
  }));
  const all = [...lines.map(lineOf), ...recorded, ...pushed].sort((a, b) => a.at - b.at);
  const render = (some: typeof all): string => some.map(({ at, text }) => `${clock(at)}  ${text}`).join('\n');
  const broken = [...new Set(violations.flatMap(({ callId }) => (callId === null ? [] : [callId])))];
  return [
    `Seed ${seed}. Play it again: npm run nemesis -- --seed ${seed} --rounds 1`,
    `Violated:\n${violations.map(({ invariant, callId, what }) => `  ${invariant}  ${callId ?? ''}  ${what}`).join('\n')}`,
    `Faults:\n${render(all.filter(({ text }) => text.startsWith('fault')))}`,
    ...broken
      .slice(0, 10)
      .map(
        (id) =>
          `Call ${id}:\n${render(all.filter(({ text, callIds }) => callIds.includes(id) || text.startsWith('fault')))}`,
      ),
    `Still to be done:\n${evidence.jobs.map((job) => `  ${JSON.stringify(job)}`).join('\n')}`,
    `Everything:\n${render(all)}`,
    '',
  ].join('\n\n');
}

function lineOf(line: Line): { at: number; callIds: string[]; text: string } {
  switch (line.kind) {
    case 'fault': {
      const lasted = line.until === null ? 'not over' : `${line.until - line.at} ms`;
      const where = line.node === null ? '' : ` (node ${line.node})`;
      return { at: line.at, callIds: [], text: `fault     ${line.name}${where}, ${lasted}` };
    }
    case 'operation': {
      const { phone, event, callId, via, node, at, end, outcome, view, nr } = line;
      const came = end === null ? '' : ` after ${end - at} ms`;
      const state = view ? ` version ${view.version} ${view.state} of ${view.callId}` : '';
      const about = [callId, view?.callId].filter((id) => id !== null && id !== undefined);
      const number = nr === null ? '' : ` number ${nr}`;
      const text = `${phone} ${event}${number} ${callId ?? ''} by ${via} to node ${node}: ${outcome}${state}${came}`;
      return { at, callIds: about, text: `command   ${text}` };
    }
    case 'told': {
      const { at, phone, event, views, signals } = line;
      const about = [...views, ...signals].map(({ callId }) => callId);
      const states = views.map(({ callId, version, state }) => `${callId} ${version} ${state}`);
      const numbers = signals.map(({ callId, seq, nr, by }) => `${callId} seq ${seq} number ${nr} of ${by}`);
      return {
        at,
        callIds: about,
        text: `told      ${phone} ${event}: ${[...states, ...numbers].join(', ')}`,
      };
    }
  }
}
