import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from './config.js';
import { Failure } from './failure.js';
import { RateLimiter } from './rate-limit.js';

/** What all sockets and requests of one user may say together, in multiples of what one socket may. */
const SOCKETS_PER_USER = 4;
/** How many seconds' worth may come at once. */
const BURST_S = { user: 4, address: 10 };
/** How many seconds' worth of connections one address may have that have not said who they are. */
const STRANGERS_S = 8;

/** How much one user and one address may ask of this node, over sockets and HTTP together. */
@Injectable()
export class Quotas {
  private readonly users: RateLimiter;
  private readonly addresses: RateLimiter;

  constructor(@Inject(CONFIG) private readonly config: Config) {
    const perUser = config.eventsPerSecond * SOCKETS_PER_USER;
    this.users = new RateLimiter(perUser, perUser * BURST_S.user);
    this.addresses = new RateLimiter(config.requestsPerAddress, config.requestsPerAddress * BURST_S.address);
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

  /** A request or a connection, before anybody knows whose. @throws Failure `RATE_LIMITED` */
  takeOfAddress(address: string): void {
    const retryAfterMs = this.addresses.take(address);
    if (retryAfterMs === 0) return;
    const message = `More than ${this.config.requestsPerAddress} requests of one address per second.`;
    throw new Failure('RATE_LIMITED', message, { retryAfterMs });
  }
}
