import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { type ExistingCall, isUnanswered } from '../../calls/domain/call.js';
import { rfc3339, viewOf } from '../../calls/domain/call-view.js';
import { CLOCK, type Clock } from '../../time/clock.js';
import { Bus } from '../../cluster/redis-bus.js';
import { Presence } from '../../presence/presence.js';
import { RecentCalls } from '../../history/recent-calls.js';
import { Log } from '../../log/log.js';
import { Expiry } from '../session/session-expiry.js';
import { JsonText } from '../../protocol/packets.js';
import { Incoming } from '../notify/ring-notifier.js';
import { MediaStates } from '../relay/media-states.js';
import { MovedDevices } from '../relay/moved-devices.js';
import { Parcels } from '../relay/deferred-deliveries.js';
import { SenderCounts } from '../relay/sender-counts.js';
import { type Session, Sessions } from '../session/sessions.js';
import { messageOf } from '../relay/signal.js';
import { Signals } from '../relay/signal-relay.js';

export interface Sync {
  serverTime: string;
  /** An array of `CallView`. */
  calls: JsonText;
  /** An array of `{callId, seq, from, signal}`. */
  signals: JsonText;
}

const RETRY_MS = 500;

/** What happens when a device's connection comes and goes. */
@Injectable()
export class Arrivals implements OnModuleDestroy {
  private stopped = false;

  constructor(
    private readonly sessions: Sessions,
    private readonly presence: Presence,
    private readonly signals: Signals,
    private readonly media: MediaStates,
    private readonly moved: MovedDevices,
    private readonly counts: SenderCounts,
    private readonly parcels: Parcels,
    private readonly incoming: Incoming,
    private readonly expiry: Expiry,
    private readonly bus: Bus,
    private readonly queries: QueryBus,
    private readonly log: Log,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    presence.onLost(() => this.registerAll());
  }

  onModuleDestroy(): void {
    this.stopped = true;
  }

  /**
   * First the presence, then the question which calls there are: a call that begins in between is in one of the two.
   * While PostgreSQL is away the socket stays, and is synced when it is back.
   */
  async welcome(session: Session): Promise<void> {
    const replaced = this.sessions.add(session);
    if (replaced) this.replace(replaced);
    this.expiry.watch(session);
    await this.insist(
      session,
      () => session.socket.connected,
      async () => {
        await this.register(session);
        await this.sync(session);
      },
    );
  }

  /** Should PostgreSQL be away, it is told later: a device that has gone must not be taken for one that rings. */
  async farewell(session: Session, cleanly: boolean): Promise<void> {
    this.sessions.remove(session);
    this.expiry.forget(session);
    this.signals.disconnected(session, cleanly);
    this.parcels.forget(session);
    await this.insist(
      session,
      () => true,
      () => this.presence.left(session),
    );
  }

  async register(session: Session): Promise<void> {
    const { userId, deviceId, connectionId } = session;
    const elsewhere = await this.presence.arrived(session);
    if (elsewhere === null) return;
    session.moved = true;
    void this.bus.tell('replaced', { userId, deviceId, connectionId });
  }

  /** The device has a newer connection, on another node. */
  replacedElsewhere({
    userId,
    deviceId,
    connectionId,
  }: {
    userId: string;
    deviceId: string;
    connectionId: string;
  }): void {
    const session = this.sessions.get(userId, deviceId);
    if (session && session.connectionId !== connectionId) this.replace(session);
  }

  /** The token was renewed. */
  extend(session: Session, expiresAt: number): void {
    this.expiry.forget(session);
    session.expiresAt = expiresAt;
    this.expiry.watch(session);
  }

  /** The state of the user's calls for this device, and what to call once the device has it. */
  async syncOf(session: Session): Promise<{ calls: ExistingCall[]; sync: Sync; acknowledged: () => void }> {
    const calls = await this.queries.execute(new RecentCalls(session.userId));
    const elsewhere = await this.moved.arrived(session, calls);
    const { signals, acknowledged } = this.signals.waitingFor(session, elsewhere);
    const sync = {
      serverTime: rfc3339(this.clock.now()),
      calls: new JsonText(JSON.stringify(calls.map(viewOf))),
      signals: new JsonText(`[${signals.map((signal) => messageOf(signal).text).join(',')}]`),
    };
    return { calls, sync, acknowledged };
  }

  /** PostgreSQL has lost what it knew of this node's devices; they are still here. */
  private registerAll(): void {
    for (const session of this.sessions.all()) {
      if (!session.synced) continue; // about to be registered anyway
      void this.insist(
        session,
        () => session.socket.connected,
        () => this.register(session),
      );
    }
  }

  /** Again and again while PostgreSQL is away, as long as it makes sense. */
  private async insist(
    { deviceId }: Session,
    makesSense: () => boolean,
    work: () => Promise<void>,
  ): Promise<void> {
    for (let attempt = 1; makesSense() && !this.stopped; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (attempt === 1)
          this.log.warnRarely('presence is told when PostgreSQL is back', { deviceId, error });
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS * (1 + Math.random())).unref());
      }
    }
  }

  private replace({ socket }: Session): void {
    socket.emit('session:replaced', {});
    socket.disconnect(true);
  }

  private async sync(session: Session): Promise<void> {
    const { calls, sync, acknowledged } = await this.syncOf(session);
    // Nothing ran since the waiting signals were collected, so no live signal can overtake the sync.
    session.socket.emit('sync', sync, acknowledged);
    session.synced = true;
    this.counts.known(session);
    this.media.synced(session);
    this.parcels.look();
    for (const call of calls) {
      if (isUnanswered(call) && call.callee.userId === session.userId) this.incoming.tell(session, call);
    }
  }
}
