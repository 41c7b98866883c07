import type { CallView } from '../../src/calls/domain/call-view.js';

/** A command somebody gave, and what came back: `ok`, the code of a refusal, or `lost` when nothing did. */
export interface Operation {
  kind: 'operation';
  at: number;
  phone: string;
  userId: string;
  deviceId: string;
  event: string;
  callId: string | null;
  /** Over the socket, over HTTP with the user's token, or with the action token of a push. */
  via: 'socket' | 'http' | 'action';
  node: number;
  end: number | null;
  outcome: string;
  view: CallView | null;
  merged: boolean;
  /** Of a signal: its number among all this phone sends in this call. */
  nr: number | null;
}

/** What a phone heard without having asked. */
export interface Told {
  kind: 'told';
  at: number;
  phone: string;
  userId: string;
  deviceId: string;
  event: string;
  views: CallView[];
  signals: HeardSignal[];
}

export interface HeardSignal {
  callId: string;
  seq: number;
  from: { userId: string; deviceId: string };
  nr: number;
  /** Who says to have sent it: must be who did. */
  by: string;
}

/** Something that was broken on purpose, and when it was whole again. */
export interface Fault {
  kind: 'fault';
  at: number;
  until: number | null;
  name: string;
  /** The gateway it befell, if it befell one. */
  node: number | null;
  /** While it lasts, and a while after, whoever it befell may act late. */
  delays: boolean;
}

export type Line = Operation | Told | Fault;

/** Everything that was done and heard in one round, by the harness's own clock. */
export class History {
  readonly operations: Operation[] = [];
  readonly told: Told[] = [];
  readonly faults: Fault[] = [];
  /** How late this process itself was, in stretches: a busy machine makes everybody late. */
  readonly stalls: { at: number; ms: number }[] = [];
  private watch: NodeJS.Timeout | null = null;

  begin(): void {
    let expected = Date.now() + 50;
    this.watch = setInterval(() => {
      const late = Date.now() - expected;
      if (late > 30) this.stalls.push({ at: expected, ms: late });
      expected = Date.now() + 50;
    }, 50);
  }

  stop(): void {
    if (this.watch) clearInterval(this.watch);
  }

  lines(): Line[] {
    return [...this.operations, ...this.told, ...this.faults].sort((a, b) => a.at - b.at);
  }

  /** What held a gateway back between two moments, if anything did; `graceMs` is how long a fault has consequences. */
  delayBetween(from: number, to: number, graceMs: number): Fault | undefined {
    return this.faults.find(
      ({ delays, at, until }) => delays && at <= to && (until ?? Infinity) + graceMs >= from,
    );
  }

  /** How late a healthy gateway may have been then: this process was as late, or a command took as long. */
  stalledBetween(from: number, to: number): number {
    const stalled = this.stalls
      .filter(({ at, ms }) => at <= to && at + ms >= from)
      .reduce((sum, { ms }) => sum + ms, 0);
    const slowest = this.operations
      .filter(({ at, end, outcome }) => outcome === 'ok' && end !== null && at <= to && end >= from)
      .reduce((most, { at, end }) => Math.max(most, end! - at), 0);
    return Math.max(stalled, slowest);
  }
}
