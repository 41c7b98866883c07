import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CLOCK, type Clock } from '../../time/clock.js';
import type { Session } from './sessions.js';

const TICK_MS = 500;

/** Closes sockets whose token has ended. One timer for all: sessions wait in a bucket per second of their end. */
@Injectable()
export class Expiry implements OnModuleDestroy {
  private readonly buckets = new Map<number, Set<Session>>();
  private readonly timer = setInterval(() => this.tick(), TICK_MS);
  private next: number;

  constructor(@Inject(CLOCK) private readonly clock: Clock) {
    this.next = Math.floor(clock.now() / 1_000);
  }

  watch(session: Session): void {
    const second = Math.max(secondOf(session), this.next);
    this.buckets.set(second, (this.buckets.get(second) ?? new Set()).add(session));
  }

  forget(session: Session): void {
    const bucket = this.buckets.get(secondOf(session));
    bucket?.delete(session);
    if (bucket?.size === 0) this.buckets.delete(secondOf(session));
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private tick(): void {
    const now = this.clock.now();
    for (; this.next * 1_000 <= now; this.next++) {
      for (const { socket } of this.buckets.get(this.next) ?? []) {
        socket.emit('session:expired', {});
        socket.disconnect(true);
      }
      this.buckets.delete(this.next);
    }
  }
}

const secondOf = ({ expiresAt }: Session): number => Math.ceil(expiresAt / 1_000);
