import { type Answer, type Exchange, headerValue } from '../transport/exchange.js';
import type { Clock } from './clock.js';
import type { RequestLog } from './request-log.js';
import type { ServiceName } from './services.js';
import { SlidingWindow } from './sliding-window.js';

const remembered = 5000;
const loopWindow = 1000;
const loopLimit = 10;
/** Timers of a sender that waits as it was told may fire a little early. */
const graceMs = 20;

/**
 * What is wrong with a sender only over several requests: repeating what was refused for good, coming back before
 * Retry-After, sending one push in a loop. It becomes a violation in the log; the answer stays as it is.
 */
export class SenderLint {
  private readonly clock: Clock;
  private readonly requestLog: RequestLog;
  private readonly refused = new Map<string, string>();
  private readonly attempts = new SlidingWindow(() => loopWindow);
  private readonly notBefore = new Map<string, number>();

  constructor(clock: Clock, requestLog: RequestLog) {
    this.clock = clock;
    this.requestLog = requestLog;
  }

  requestReceived(service: ServiceName, exchange: Exchange, token: string | null): void {
    const { headers, connection } = exchange;
    const now = this.clock.now();
    const warn = (rule: string, detail: string): void =>
      this.requestLog.violation(service, connection.id, rule, detail);
    const early = (this.notBefore.get(`${service} ${token}`) ?? 0) - now;
    if (early > graceMs) warn('retry-after-ignored', `${early} ms too early`);

    const id = headerValue(headers, 'apns-id');
    if (id === undefined) return;
    const key = pushKey(service, id, exchange);
    const refusal = this.refused.get(key);
    if (refusal !== undefined) warn('retried-after-refusal', `apns-id ${id} was refused with ${refusal}`);
    if (this.attempts.add(key, now) === loopLimit + 1) {
      warn('retry-loop', `apns-id ${id} more than ${loopLimit} times in a second`);
    }
  }

  requestAnswered(
    service: ServiceName,
    exchange: Exchange,
    token: string | null,
    answer: Answer,
    reason: string | null,
  ): void {
    const wait = Number(answer.headers?.['retry-after']);
    if (wait > 0) keep(this.notBefore, `${service} ${token}`, this.clock.now() + wait * 1000);
    const id = headerValue(exchange.headers, 'apns-id');
    if (id === undefined || ![400, 404, 405, 410, 413].includes(answer.status)) return;
    keep(this.refused, pushKey(service, id, exchange), `${answer.status} ${reason ?? ''}`);
  }

  clear(): void {
    for (const memory of [this.refused, this.attempts, this.notBefore]) memory.clear();
  }
}

/** Some senders give one id to a notification for many devices: it is the pair that must not come again. */
function pushKey(service: ServiceName, id: string, { path }: Exchange): string {
  return `${service} ${id} ${path}`;
}

function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > remembered && oldest !== undefined) map.delete(oldest);
}
