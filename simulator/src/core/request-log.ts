import type { HeaderList } from '../transport/exchange.js';
import type { Clock } from './clock.js';
import type { ServiceName } from './services.js';

/** What became of an accepted push. A stored or pending one changes when its phone comes back or its time is over. */
export type DeliveryOutcome =
  | 'delivered'
  | 'stored' // the phone is away: kept until it returns or the push expires
  | 'pending' // on its way, late
  | 'lost' // one attempt was asked for, and the phone was away
  | 'expired'
  | 'replaced' // a newer one for the same app, or the same collapse key
  | 'dropped' // accepted with 200, never shown: Apple's treatment of what it cannot use
  | 'silenced'; // PushKit delivers nothing more to an app that did not report its calls

export interface LogEntry {
  seq: number;
  /** Simulated time, ms since the epoch. */
  at: number;
  service: ServiceName;
  connection: number;
  /** HTTP/2 stream id; 0 on HTTP/1.1. */
  stream: number;
  method: string;
  path: string;
  /** As they came over the wire, repeated ones included. */
  headers: HeaderList;
  body: string;
  bodyBytes: number;
  /** What the rules say about the request, whatever fault was put in its way. */
  verdict: { status: number; reason: string | null };
  /** The status that was really sent, or what happened instead of an answer. */
  answered: number | string | null;
  fault: string | null;
  token: string | null;
  delivery: DeliveryOutcome | null;
  notes: string[];
}

/** Something Apple or Google would let pass, now, and a sender should not do all the same. */
export interface Violation {
  at: number;
  service: ServiceName;
  connection: number | null;
  rule: string;
  detail: string;
}

/** The last requests and violations, oldest first; older ones than `limit` are forgotten. */
export class RequestLog {
  readonly entries: LogEntry[] = [];
  readonly violations: Violation[] = [];
  private seq = 0;
  private readonly listeners = new Set<(entry: LogEntry) => void>();
  private readonly clock: Clock;
  private readonly limit: number;

  constructor(clock: Clock, limit = 10_000) {
    this.clock = clock;
    this.limit = limit;
  }

  record(request: Omit<LogEntry, 'seq' | 'at'>): LogEntry {
    const entry = { seq: ++this.seq, at: this.clock.now(), ...request };
    keep(this.entries, entry, this.limit);
    return entry;
  }

  /** Tells the listeners that an entry has got its answer, or has been left without one on purpose. */
  answered(entry: LogEntry): void {
    for (const listener of this.listeners) queueMicrotask(() => listener(entry));
  }

  violation(service: ServiceName, connection: number | null, rule: string, detail: string): void {
    keep(this.violations, { at: this.clock.now(), service, connection, rule, detail }, this.limit);
  }

  onRequest(listener: (entry: LogEntry) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  clear(): void {
    this.entries.length = 0;
    this.violations.length = 0;
  }
}

function keep<T>(list: T[], item: T, limit: number): void {
  list.push(item);
  if (list.length > limit) list.shift();
}
