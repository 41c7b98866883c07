import { type Actor, type Call, type CallEvent, callOf } from '../../src/calls/domain/call.js';
import {
  answer,
  cancel,
  decline,
  end,
  erase,
  expire,
  fail,
  initiate,
  mediaDevice,
  ring,
  supersede,
  timeOut,
} from '../../src/calls/domain/decide.js';
import { decided, recorded } from '../support/given.js';
import * as cast from './cast.js';

const { iPhone, iPad, pixel, tablet, mallory, initiated, inTime, RING_EXPIRES } = cast;

const answered = [initiated, cast.ringingOn(pixel), cast.answeredOn(pixel)];
const states: Record<string, CallEvent[]> = {
  none: [],
  initiated: [initiated],
  ringing: [initiated, cast.ringingOn(pixel)],
  answered,
  ended: [...answered, cast.endedOn(iPhone)],
};

type Decide = (call: Call, by: Actor) => CallEvent[];
const initiation = (by: Actor) => ({
  ...cast.aliceCallsBob,
  by,
  callee: by.userId === 'bob' ? 'alice' : 'bob',
});

const INITIATE = '`call:initiate`';
const commands: Record<string, Decide> = {
  [INITIATE]: (call, by) => initiate(call, initiation(by)),
  '`call:ringing`': (call, by) => ring(call, { by }),
  '`call:answer`': (call, by) => answer(call, { by, now: inTime }),
  '`call:answer`, but the ring has expired': (call, by) => answer(call, { by, now: RING_EXPIRES }),
  '`call:decline`': (call, by) => decline(call, { by, reason: 'declined' }),
  '`call:cancel`': (call, by) => cancel(call, { by }),
  '`call:end`': (call, by) => end(call, { by }),
  '`call:signal`': (call, by) => {
    mediaDevice(call, by);
    return [];
  },
};

/** Calls that are over as soon as they are recorded. */
const stillborn: Record<string, Decide> = {
  '`call:initiate`, cancelled before it came': (call, by) =>
    initiate(call, { ...initiation(by), cancelledBefore: true }),
  '`call:initiate`, callee busy, `BUSY_POLICY=reject`': (call, by) =>
    initiate(call, { ...initiation(by), calleeBusy: true }),
};

const timers: Record<string, Decide> = {
  'the caller calls the same person again': (call) => supersede(call, { by: iPhone }),
  'the ring has expired': timeOut,
  'no device can be reached': fail,
  '`CALL_MAX_DURATION_MS` is over': expire,
  'a participant is erased': erase,
};

/** The two devices of a side, and what they are called: the one the call is on comes first. */
const sides: [string, [Actor, string], [Actor, string]][] = [
  ['the caller', [iPhone, 'the device that calls'], [iPad, "the caller's other device"]],
  ['the callee', [pixel, 'the device that rang or answered'], [tablet, "the callee's other device"]],
];

/** The table, the diagram and the endings of `docs/call-states.md`, from what the code really does. */
export function callStates(): string {
  const rows = Object.entries(commands).flatMap(([command, decide]) =>
    merged(whoDoes(command, decide)).map(([who, cells]) => row([command, who, ...cells])),
  );
  const alone = (who: string, decisions: Record<string, Decide>): string[] =>
    Object.entries(decisions).map(([name, decide]) => row([name, who, ...cellsOf(decide, iPhone)]));
  return [
    '```mermaid',
    'stateDiagram-v2',
    ...transitions(),
    '  ended --> [*]',
    '```',
    '',
    row(['command', 'who', 'no call', ...Object.keys(states).slice(1).map(code)]),
    row(Array<string>(7).fill('---')),
    ...rows,
    ...alone('the caller', stillborn),
    ...alone('the gateway', timers),
    strangers(),
    '',
    row(['the last event', 'outcome', 'endReason']),
    row(Array<string>(3).fill('---')),
    ...endings(),
    '',
  ].join('\n');
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const code = (word: string): string => `\`${word}\``;

function cellsOf(decide: Decide, by: Actor): string[] {
  return Object.values(states).map((history) => {
    const outcome = decided(() => decide(callOf(recorded(history)), by));
    if (typeof outcome === 'string') return code(outcome);
    return outcome.length === 0 ? 'ok' : outcome.map(({ type }) => `**${type}**`).join(', ');
  });
}

/** One line per side where its devices are treated alike, else one per device. Only a call id can be of a stranger. */
function whoDoes(command: string, decide: Decide): [string, string[]][] {
  const ofSides = sides.flatMap(([side, ...devices]): [string, string[]][] => {
    const [first, other] = devices.map(([by, name]): [string, string[]] => [name, cellsOf(decide, by)]);
    return String(first![1]) === String(other![1]) ? [[side, first![1]]] : [first!, other!];
  });
  return command === INITIATE ? [...ofSides, ['anybody else', cellsOf(decide, mallory)]] : ofSides;
}

/** One line is enough: but for taking a call id, they are told the same whatever they try. */
function strangers(): string {
  const tried = Object.entries(commands).filter(([command]) => command !== INITIATE);
  const [cells, ...others] = new Set(tried.map(([, decide]) => row(cellsOf(decide, mallory))));
  if (others.length > 0) throw new Error('strangers can tell calls apart');
  return `| any of these but ${INITIATE} | anybody else ${cells}`;
}

const merged = (lines: [string, string[]][]): [string, string[]][] => {
  const byCells = new Map<string, [string, string[]]>();
  for (const [who, cells] of lines) {
    const known = byCells.get(String(cells));
    byCells.set(String(cells), [known ? `${known[0]}, ${who}` : who, cells]);
  }
  return [...byCells.values()];
};

function transitions(): string[] {
  const arrows = new Map<string, Set<string>>();
  for (const [from, history] of Object.entries(states)) {
    for (const decide of [commands, stillborn, timers].flatMap((all) => Object.values(all))) {
      for (const by of [iPhone, pixel, tablet]) {
        const events = decided(() => decide(callOf(recorded(history)), by));
        if (typeof events === 'string' || events.length === 0) continue;
        const to = callOf(recorded([...history, ...events])).state;
        const arrow = `  ${from === 'none' ? '[*]' : from} --> ${to}`;
        arrows.set(arrow, (arrows.get(arrow) ?? new Set()).add(events.map(({ type }) => type).join(' + ')));
      }
    }
  }
  return [...arrows].map(([arrow, events]) => `${arrow}: ${[...events].join('<br/>')}`);
}

function endings(): string[] {
  const last: [string, CallEvent, CallEvent[]][] = [
    ['`CallEnded`, somebody hung up', cast.endedOn(iPhone), answered],
    ['`CallEnded`, nobody did', cast.tooLong, answered],
    ['`CallEnded`, a participant was erased during the call', cast.erased, answered],
    ['`CallEnded`, a participant was erased before the answer', cast.erased, [initiated]],
    ['`CallDeclined`', cast.declinedOn(pixel), [initiated]],
    ['`CallDeclined`, busy', cast.declinedOn(pixel, 'busy'), [initiated]],
    ['`CallCancelled`', cast.cancelledOn(iPhone), [initiated]],
    ['`CallCancelled`, the caller called the same person again', cast.superseded, [initiated]],
    ['`CallMissed`', cast.missed, [initiated]],
    ['`CallFailed`', cast.failed, [initiated]],
  ];
  return last.map(([name, event, before]) => {
    const call = callOf(recorded([...before, event]));
    if (call.state !== 'ended') throw new Error(`${event.type} ends nothing`);
    return row([name, code(call.outcome), code(call.endReason)]);
  });
}
