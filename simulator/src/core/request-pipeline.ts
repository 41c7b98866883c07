import { http2ErrorCode } from '../transport/connection.js';
import type { Answer, Exchange } from '../transport/exchange.js';
import type { Faults, RequestFault } from './faults.js';
import type { RequestLog, LogEntry } from './request-log.js';
import type { SenderLint } from './sender-lint.js';
import type { ServiceName } from './services.js';

/** What a service has decided about a request, before any fault. */
export interface Verdict {
  answer: Answer;
  reason: string | null;
  token: string | null;
  notes?: string[];
  /** Carries the request out; only for what was accepted. */
  accept?: (entry: LogEntry) => void;
}

export interface Service {
  readonly name: ServiceName;
  /** An answer on demand in this service's own words. */
  answerFor(fault: Extract<RequestFault, { kind: 'answer' }>): Answer;
  /** After an answer has gone out; faults count as they were answered. */
  answered(exchange: Exchange, status: number, reason: string | null): void;
}

const maxLoggedBody = 8192;

/**
 * Every request passes here once, after its service has reached a verdict: it is logged, checked by the sender lint, struck
 * by a fault that was injected for it, and answered.
 */
export class RequestPipeline {
  private readonly requestLog: RequestLog;
  private readonly faults: Faults;
  private readonly senderLint: SenderLint;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(requestLog: RequestLog, faults: Faults, senderLint: SenderLint) {
    this.requestLog = requestLog;
    this.faults = faults;
    this.senderLint = senderLint;
  }

  handle(service: Service, exchange: Exchange, verdict: Verdict): void {
    const { connection } = exchange;
    const { token } = verdict;
    const fault = this.faults.forRequest(service.name, { token, connection: connection.id });
    const entry = this.requestLog.record({
      service: service.name,
      connection: connection.id,
      stream: exchange.stream,
      method: exchange.method,
      path: exchange.path,
      headers: exchange.headers,
      body: exchange.body.toString('utf8', 0, maxLoggedBody),
      bodyBytes: exchange.bodyBytes,
      verdict: { status: verdict.answer.status, reason: verdict.reason },
      answered: null,
      fault: fault?.kind ?? null,
      token,
      delivery: null,
      notes: verdict.notes ?? [],
    });
    this.senderLint.requestReceived(service.name, exchange, token);
    if (fault === null) this.answer(service, exchange, verdict, entry);
    else this.applyFault(fault, service, exchange, verdict, entry);
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  /** Sends the answer of the verdict, then carries the request out. */
  private answer(service: Service, exchange: Exchange, verdict: Verdict, entry: LogEntry): void {
    this.respond(service, exchange, entry, verdict.answer, verdict.reason);
    verdict.accept?.(entry);
    this.close(entry, verdict.answer.status);
  }

  private respond(
    service: Service,
    exchange: Exchange,
    entry: LogEntry,
    answer: Answer,
    reason: string | null,
  ): void {
    exchange.respond(answer);
    this.senderLint.requestAnswered(service.name, exchange, entry.token, answer, reason);
    service.answered(exchange, answer.status, reason);
  }

  private close(entry: LogEntry, answered: number | string): void {
    entry.answered = answered;
    this.requestLog.answered(entry);
  }

  private applyFault(
    fault: RequestFault,
    service: Service,
    exchange: Exchange,
    verdict: Verdict,
    entry: LogEntry,
  ): void {
    const { connection, stream } = exchange;
    const accepts = 'accepted' in fault && fault.accepted === true;
    if (accepts) verdict.accept?.(entry);
    if (fault.kind !== 'answer' && fault.kind !== 'settings') connection.markFaulty();
    switch (fault.kind) {
      case 'answer': {
        const answer = service.answerFor(fault);
        this.respond(service, exchange, entry, answer, fault.reason ?? null);
        return this.close(entry, answer.status);
      }
      case 'delay': {
        const timer = setTimeout(() => {
          this.timers.delete(timer);
          this.answer(service, exchange, verdict, entry);
        }, fault.ms);
        this.timers.add(timer);
        return;
      }
      case 'settings':
        connection.setMaxStreams(fault.maxConcurrentStreams);
        return this.answer(service, exchange, verdict, entry);
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
        if (code === 0 && stream <= lastStream) return this.answer(service, exchange, verdict, entry);
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
