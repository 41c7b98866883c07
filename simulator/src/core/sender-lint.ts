import type { Clock } from './clock.js';
import { type Answer, type Exchange, headerValue } from '../transport/exchange.js';
import type { Journal, ServiceName } from './request-log.js';
import { Recently } from './sliding-window.js';

const remembered = 5000;
const loopWindow = 1000;
const loopLimit = 10;
/** Timers of a sender that waits as it was told may be early by a hair. */
const grace = 20;

/** Bad habits that show only over several requests: repeating what was refused for good, hurrying, going in circles. */
export class Manners {
  private readonly clock: Clock;
  private readonly journal: Journal;
  private readonly refused = new Map<string, string>();
  private readonly attempts = new Recently(() => loopWindow);
  private readonly notBefore = new Map<string, number>();

  constructor(clock: Clock, journal: Journal) {
    this.clock = clock;
    this.journal = journal;
  }

  arrived(service: ServiceName, exchange: Exchange, token: string | null): void {
    const { headers, connection } = exchange;
    const now = this.clock.now();
    const warn = (rule: string, detail: string): void =>
      this.journal.violation(service, connection.id, rule, detail);
    const early = (this.notBefore.get(`${service} ${token}`) ?? 0) - now;
    if (early > grace) warn('retry-after-ignored', `${early} ms too early`);

    const id = headerValue(headers, 'apns-id');
    if (id === undefined) return;
    const key = pushKey(service, id, exchange);
    const refusal = this.refused.get(key);
    if (refusal !== undefined) warn('retried-after-refusal', `apns-id ${id} was refused with ${refusal}`);
    if (this.attempts.add(key, now) === loopLimit + 1) {
      warn('retry-loop', `apns-id ${id} more than ${loopLimit} times in a second`);
    }
  }

  answered(
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

  forget(): void {
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
