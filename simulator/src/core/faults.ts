import type { ServiceName } from './services.js';

/**
 * What may go wrong on demand. A fault strikes a request whatever the rules think of it; the log keeps both.
 *
 * With `accepted: true` the request is carried out first (the phone gets its push) and only the answer is lost: the
 * ambiguous failure, after which a sender must repeat itself with the same `apns-id`.
 */
export type Fault =
  /** Another answer. `reason` is APNs' reason, FCM's errorCode or OAuth's error; `body` replaces the whole text. */
  | {
      kind: 'answer';
      status: number;
      reason?: string;
      /** ms since the epoch, for APNs' 410. */
      timestamp?: number;
      /** Seconds, or an HTTP date. */
      retryAfter?: number | string;
      body?: string;
      contentType?: string;
      accepted?: boolean;
    }
  /** The normal answer, `ms` real milliseconds late. */
  | { kind: 'delay'; ms: number }
  /** No answer, ever. */
  | { kind: 'hang'; accepted?: boolean }
  /** RST_STREAM; the name of an RFC 9113 error code. */
  | { kind: 'reset-stream'; code: 'REFUSED_STREAM' | 'INTERNAL_ERROR' | 'CANCEL'; accepted?: boolean }
  /**
   * GOAWAY. `lastStream` `before` (default): this request was not processed and may be repeated; `this`: it is answered
   * first; or a number. `debug` is what APNs puts there, e.g. `{"reason":"Shutdown"}`.
   */
  | {
      kind: 'goaway';
      code?: number;
      lastStream?: 'before' | 'this' | number;
      debug?: string;
      twice?: boolean;
    }
  /** TCP RST. */
  | { kind: 'disconnect'; accepted?: boolean }
  /** The connection stays open and falls silent: no answers, no acknowledgements, for ever. */
  | { kind: 'freeze'; accepted?: boolean }
  /** SETTINGS with this many streams, then the normal answer. */
  | { kind: 'settings'; maxConcurrentStreams: number }
  /** New connections are reset before TLS. */
  | { kind: 'refuse-connection' }
  /** New connections meet a certificate of an unknown authority. */
  | { kind: 'wrong-certificate' }
  /** PINGs of the client stay unanswered, on connections old and new. */
  | { kind: 'ignore-pings' }
  /** Nobody listens on the port (ECONNREFUSED) and every connection is dropped, until the fault is cleared. */
  | { kind: 'outage' };

export type RequestFault = Extract<Fault, { kind: RequestFaultKind }>;
type RequestFaultKind =
  'answer' | 'delay' | 'hang' | 'reset-stream' | 'goaway' | 'disconnect' | 'freeze' | 'settings';
const requestKinds: ReadonlySet<string> = new Set<RequestFaultKind>([
  'answer',
  'delay',
  'hang',
  'reset-stream',
  'goaway',
  'disconnect',
  'freeze',
  'settings',
]);

export interface Injection {
  service: ServiceName;
  /** Only requests for this device token. */
  token?: string;
  /** Only requests on this connection (its id in the log). */
  connection?: number;
  /** How often it strikes; without it, until it is cleared. */
  times?: number;
  /** 0…1, default 1: chaos. */
  probability?: number;
  fault: Fault;
}

export interface InjectedFault {
  readonly id: number;
  readonly injection: Injection;
  /** How often it has struck. */
  readonly hits: number;
  clear(): void;
}

export class Faults {
  private injected: (InjectedFault & { hits: number })[] = [];
  private nextId = 1;
  private readonly onOutage: (service: ServiceName, down: boolean) => Promise<void>;
  private outages: Promise<unknown> = Promise.resolve();

  constructor(onOutage: (service: ServiceName, down: boolean) => Promise<void> = () => Promise.resolve()) {
    this.onOutage = onOutage;
  }

  get active(): readonly InjectedFault[] {
    return this.injected;
  }

  inject(injection: Injection): InjectedFault {
    const id = this.nextId++;
    const injected = { id, injection, hits: 0, clear: () => this.clear((other) => other.id === id) };
    this.injected.push(injected);
    if (injection.fault.kind === 'outage') this.outage(injection.service, true);
    return injected;
  }

  clear(which: (fault: InjectedFault) => boolean = () => true): void {
    const gone = this.injected.filter(which);
    this.injected = this.injected.filter((fault) => !gone.includes(fault));
    for (const { injection } of gone) {
      if (injection.fault.kind === 'outage' && !this.isOn(injection.service, 'outage')) {
        this.outage(injection.service, false);
      }
    }
  }

  /** The first fault meant for this request, counted as used. */
  forRequest(
    service: ServiceName,
    request: { token: string | null; connection: number },
  ): RequestFault | null {
    const { token, connection } = request;
    const found = this.take(
      ({ injection: i }) =>
        i.service === service &&
        requestKinds.has(i.fault.kind) &&
        (i.token === undefined || i.token.toLowerCase() === token?.toLowerCase()) &&
        (i.connection === undefined || i.connection === connection),
    );
    return found as RequestFault | null;
  }

  /** What meets a new connection. */
  forConnection(service: ServiceName): 'refuse' | 'wrong-certificate' | null {
    const found = this.take(
      ({ injection: { service: other, fault } }) =>
        other === service && (fault.kind === 'refuse-connection' || fault.kind === 'wrong-certificate'),
    );
    if (found === null) return null;
    return found.kind === 'refuse-connection' ? 'refuse' : 'wrong-certificate';
  }

  isOn(service: ServiceName, kind: 'ignore-pings' | 'outage'): boolean {
    return this.injected.some(({ injection: i }) => i.service === service && i.fault.kind === kind);
  }

  /** Resolves when the ports are as the faults want them; rejects when one could not be opened again. */
  async settled(): Promise<void> {
    await this.outages;
  }

  private outage(service: ServiceName, down: boolean): void {
    const changed = this.onOutage(service, down);
    this.outages = Promise.all([this.outages.catch(() => undefined), changed]);
    this.outages.catch(() => undefined);
  }

  private take(matches: (fault: InjectedFault) => boolean): Fault | null {
    const found = this.injected.find(
      (fault) => matches(fault) && Math.random() < (fault.injection.probability ?? 1),
    );
    if (found === undefined) return null;
    found.hits += 1;
    if (found.hits >= (found.injection.times ?? Infinity)) found.clear();
    return found.injection.fault;
  }
}
