import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { Failure } from '../errors/api-error.js';
import { MemoryBudget, withinHeap } from './memory-budget.js';
import { RateLimiter } from './rate-limit.js';

/** What all sockets and requests of one user may say together, in multiples of what one socket may. */
const SOCKETS_PER_USER = 4;
/** How many seconds' worth may come at once. */
const BURST_S = { user: 4, address: 10 };
/** How many seconds' worth of connections one address may have that have not said who they are. */
const STRANGERS_S = 8;

const MIB = 1_048_576;
/** Bytes per event that may come in the long run: with the default of 200 events a second, 1 MiB a second. */
const BYTES_PER_EVENT = MIB / 200;
/** Bytes that may come at once: more than the 64 largest signals that may wait before an answer. */
const BURST_BYTES = 8 * MIB;
/** Of commands and requests that are not answered yet. */
const IN_HAND = { perUser: 8 * MIB, total: 128 * MIB, heapParts: 8 };
/** What a command or request takes besides its payload: promises, timers, its turn, a place in the database's queue. */
const COMMAND_BYTES = 4_096;
const LATER_MS = 1_000;

/** Nobody can begin with it soon. */
export const tooMuchWaits = (): Failure =>
  new Failure('RATE_LIMITED', 'Too much of what was sent before has not been begun yet.', {
    retryAfterMs: LATER_MS,
  });

/** How much one user and one address may ask of this node, over sockets and HTTP together. */
@Injectable()
export class Quotas {
  private readonly users: RateLimiter;
  private readonly addresses: RateLimiter;
  private readonly bytes: RateLimiter;
  private readonly inHand: MemoryBudget;

  constructor(@Inject(CONFIG) private readonly config: Config) {
    const perUser = config.eventsPerSecond * SOCKETS_PER_USER;
    this.users = new RateLimiter(perUser, perUser * BURST_S.user);
    this.addresses = new RateLimiter(config.requestsPerAddress, config.requestsPerAddress * BURST_S.address);
    this.bytes = new RateLimiter(perUser * BYTES_PER_EVENT, Math.max(BURST_BYTES, perUser * BYTES_PER_EVENT));
    this.inHand = new MemoryBudget({
      perUser: IN_HAND.perUser,
      total: withinHeap(IN_HAND.total, IN_HAND.heapParts),
    });
  }

  get strangersPerAddress(): number {
    return this.config.requestsPerAddress * STRANGERS_S;
  }

  /** A command, a request or a connection. @throws Failure `RATE_LIMITED` */
  takeOfUser(userId: string): void {
    const retryAfterMs = this.users.take(userId);
    if (retryAfterMs === 0) return;
    const limit = this.config.eventsPerSecond * SOCKETS_PER_USER;
    throw new Failure('RATE_LIMITED', `More than ${limit} events and requests of one user per second.`, {
      retryAfterMs,
    });
  }

  /** What a command or a request brings, before it is parsed. @throws Failure `RATE_LIMITED` */
  takeBytesOfUser(userId: string, bytes: number): void {
    const retryAfterMs = this.bytes.take(userId, bytes);
    if (retryAfterMs === 0) return;
    const message = 'More bytes than one user may send and be answered at once.';
    throw new Failure('RATE_LIMITED', message, { retryAfterMs });
  }

  /** What the user was answered counts with what they send: making a large answer costs as much as taking a large message. */
  chargeAnswer(userId: string, bytes: number): void {
    this.bytes.charge(userId, bytes);
  }

  /**
   * Counts a command or request for as long as it is not answered.
   * @param bytes what its payload takes in memory
   * @returns what to call when it has been answered
   * @throws Failure `RATE_LIMITED` when the user, or all users of this node, wait for too much already
   */
  hold(userId: string, bytes: number): () => void {
    const held = bytes + COMMAND_BYTES;
    if (this.inHand.take(userId, held)) return () => this.inHand.release(userId, held);
    const message = 'Too much of what was sent before is not answered yet.';
    throw new Failure('RATE_LIMITED', message, { retryAfterMs: LATER_MS });
  }

  /** A request or a connection, before anybody knows whose. @throws Failure `RATE_LIMITED` */
  takeOfAddress(address: string): void {
    const retryAfterMs = this.addresses.take(address);
    if (retryAfterMs === 0) return;
    const message = `More than ${this.config.requestsPerAddress} requests of one address per second.`;
    throw new Failure('RATE_LIMITED', message, { retryAfterMs });
  }
}
