import { http2ErrorCode } from '../transport/connection.js';
import type { Answer, Exchange } from '../transport/exchange.js';
import type { Faults, RequestFault } from './faults.js';
import type { Journal, LogEntry, ServiceName } from './request-log.js';
import type { Manners } from './sender-lint.js';

/** What a service has decided about a request, before any fault. */
export interface Judgement {
  answer: Answer;
  reason: string | null;
  token: string | null;
  notes?: string[];
  /** Carries the request out; only for what was accepted. */
  accept?: (entry: LogEntry) => void;
}

export interface DeskService {
  readonly name: ServiceName;
  /** An answer on demand in this service's own words. */
  answerFor(fault: Extract<RequestFault, { kind: 'answer' }>): Answer;
  /** After an answer has gone out; faults count as they were answered. */
  answered(exchange: Exchange, status: number, reason: string | null): void;
}

const maxLoggedBody = 8192;

/** Where judgement, faults and the log meet: every request passes here once, after it was judged in full. */
export class Desk {
  private readonly journal: Journal;
  private readonly faults: Faults;
  private readonly manners: Manners;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(journal: Journal, faults: Faults, manners: Manners) {
    this.journal = journal;
    this.faults = faults;
    this.manners = manners;
  }

  handle(service: DeskService, exchange: Exchange, judgement: Judgement): void {
    const { connection } = exchange;
    const { token } = judgement;
    const fault = this.faults.forRequest(service.name, { token, connection: connection.id });
    const entry = this.journal.record({
      service: service.name,
      connection: connection.id,
      stream: exchange.stream,
      method: exchange.method,
      path: exchange.path,
      headers: exchange.headers,
      body: exchange.body.toString('utf8', 0, maxLoggedBody),
      bodyBytes: exchange.bodyBytes,
      verdict: { status: judgement.answer.status, reason: judgement.reason },
      answered: null,
      fault: fault?.kind ?? null,
      token,
      delivery: null,
      notes: judgement.notes ?? [],
    });
    this.manners.arrived(service.name, exchange, token);
    if (fault === null) this.answer(service, exchange, judgement, entry);
    else this.strike(fault, service, exchange, judgement, entry);
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  /** The answer the judgement came to. */
  private answer(service: DeskService, exchange: Exchange, judgement: Judgement, entry: LogEntry): void {
    this.respond(service, exchange, entry, judgement.answer, judgement.reason);
    judgement.accept?.(entry);
    this.close(entry, judgement.answer.status);
  }

  private respond(
    service: DeskService,
    exchange: Exchange,
    entry: LogEntry,
    answer: Answer,
    reason: string | null,
  ): void {
    exchange.respond(answer);
    this.manners.answered(service.name, exchange, entry.token, answer, reason);
    service.answered(exchange, answer.status, reason);
  }

  private close(entry: LogEntry, answered: number | string): void {
    entry.answered = answered;
    this.journal.answered(entry);
  }

  private strike(
    fault: RequestFault,
    service: DeskService,
    exchange: Exchange,
    judgement: Judgement,
    entry: LogEntry,
  ): void {
    const { connection, stream } = exchange;
    const accepts = 'accepted' in fault && fault.accepted === true;
    if (accepts) judgement.accept?.(entry);
    if (fault.kind !== 'answer' && fault.kind !== 'settings') connection.spoil();
    switch (fault.kind) {
      case 'answer': {
        const answer = service.answerFor(fault);
        this.respond(service, exchange, entry, answer, fault.reason ?? null);
        return this.close(entry, answer.status);
      }
      case 'delay': {
        const timer = setTimeout(() => {
          this.timers.delete(timer);
          this.answer(service, exchange, judgement, entry);
        }, fault.ms);
        this.timers.add(timer);
        return;
      }
      case 'settings':
        connection.setMaxStreams(fault.maxConcurrentStreams);
        return this.answer(service, exchange, judgement, entry);
      case 'hang':
        return this.close(entry, 'hang');
      case 'reset-stream':
        exchange.reset(http2ErrorCode(fault.code) ?? 0);
        return this.close(entry, `reset ${fault.code}`);
      case 'goaway': {
        const last = fault.lastStream ?? 'before';
        const lastStream = last === 'this' ? stream : last === 'before' ? Math.max(0, stream - 2) : last;
        const { code = 0, debug = '', twice = false } = fault;
        connection.goaway({ code, lastStream, debug, twice });
        if (code === 0 && stream <= lastStream) return this.answer(service, exchange, judgement, entry);
        return this.close(entry, 'goaway');
      }
      case 'disconnect':
        connection.resetTcp();
        return this.close(entry, 'disconnect');
      case 'freeze':
        connection.freeze();
        return this.close(entry, 'freeze');
    }
  }
}
