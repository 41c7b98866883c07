import type { Actor, Call, CallEvent } from '../../src/calls/domain/call.js';
import type { RefusalCode } from '../../src/calls/domain/refusal.js';
import { given } from '../support/given.js';
import {
  answeredOn,
  busyByPolicy,
  cancelledOn,
  declinedOn,
  endedOn,
  erased,
  failed,
  iPad,
  iPhone,
  initiated,
  mallory,
  missed,
  pixel,
  ringingOn,
  tablet,
  tooLong,
} from './cast.js';

/** Every state a call can be in, as the roads that lead there: the answer must not depend on the road. */
export const states = {
  unknown: { name: 'a call that does not exist', roads: [[]] },
  unseen: { name: 'a call that no device shows yet', roads: [[initiated]] },
  ringsOnPixel: { name: 'a call that rings on his Pixel', roads: [[initiated, ringingOn(pixel)]] },
  ringsOnTablet: { name: 'a call that rings on his tablet', roads: [[initiated, ringingOn(tablet)]] },
  onPixel: { name: 'a call that was answered on his Pixel', roads: answeredRoads(pixel) },
  onTablet: { name: 'a call that was answered on his tablet', roads: answeredRoads(tablet) },
  over: {
    name: 'a call that is over',
    roads: [
      ...[endedOn(iPhone), endedOn(pixel), tooLong, erased].map((end) => [initiated, answeredOn(pixel), end]),
      ...[declinedOn(pixel), declinedOn(tablet, 'busy'), cancelledOn(iPad), missed, failed, erased].flatMap(
        (end) => [
          [initiated, end],
          [initiated, ringingOn(tablet), end],
        ],
      ),
      [initiated, busyByPolicy],
    ],
  },
} satisfies Record<string, { name: string; roads: CallEvent[][] }>;

function answeredRoads(by: Actor): CallEvent[][] {
  return [
    [initiated, answeredOn(by)],
    [initiated, ringingOn(by), answeredOn(by)],
    [initiated, ringingOn(pixel), ringingOn(tablet), answeredOn(by)],
  ];
}

export type StateName = keyof typeof states;

/** `happens`: the command's events are recorded. `nothing`: the aim holds already. Else the code of the refusal. */
type Cell = 'happens' | 'nothing' | RefusalCode;
type Row<Cells extends Cell = Cell> = readonly [Cells, Cells, Cells, Cells, Cells];
export type Table = Record<StateName, Row>;

export const devices = [
  { by: iPhone, name: "Alice's iPhone" },
  { by: iPad, name: "Alice's iPad" },
  { by: pixel, name: "Bob's Pixel" },
  { by: tablet, name: "Bob's tablet" },
  { by: mallory, name: 'Mallory' },
] as const;

/** One sentence, and one test, for each cell of a command's table. */
export function everyCell(
  does: string,
  command: { decide: (by: Actor) => (call: Call) => CallEvent[]; records: (by: Actor) => CallEvent[] },
  table: Table,
): void {
  for (const [key, { name: state, roads }] of Object.entries(states)) {
    for (const [index, { by, name: who }] of devices.entries()) {
      const cell = table[key as StateName][index]!;
      it(`${who} ${does} ${state}: ${inWords(cell)}`, () => {
        for (const road of roads) {
          const outcome = given(...road).when(command.decide(by));
          if (cell === 'happens') outcome.happens(...command.records(by));
          else if (cell === 'nothing') outcome.nothingHappens();
          else outcome.refused(cell);
        }
      });
    }
  }
}

const inWords = (cell: Cell): string =>
  cell === 'happens' ? 'it happens' : cell === 'nothing' ? 'fine, nothing changes' : `refused, ${cell}`;

/** The gateway's own commands have no actor; only the state counts, and losing a race is silent. */
export function everyState(
  does: string,
  decide: (call: Call) => CallEvent[],
  records: CallEvent,
  happensTo: readonly StateName[],
): void {
  for (const [key, { name: state, roads }] of Object.entries(states)) {
    const happens = happensTo.includes(key as StateName);
    it(`${does} ${state}: ${inWords(happens ? 'happens' : 'nothing')}`, () => {
      for (const road of roads)
        given(...road)
          .when(decide)
          .happens(...(happens ? [records] : []));
    });
  }
}
