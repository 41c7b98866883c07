import { Injectable } from '@nestjs/common';
import type { Socket } from 'socket.io';
import type { Actor } from '../../calls/domain/call.js';
import type { TokenBucket } from '../../limits/rate-limit.js';

export type AppState = 'foreground' | 'background';

/** One device's live connection to this node. */
export interface Session {
  readonly socket: Socket;
  /** In milliseconds since the epoch. */
  readonly connectedAt: number;
  /** Fences presence: what an older connection of the same device says later does not count. */
  readonly connectionId: string;
  readonly userId: string;
  readonly deviceId: string;
  name: string | null;
  appState: AppState;
  /** When the token ends, in milliseconds since the epoch. */
  expiresAt: number;
  /** The device has been told the state of its calls; live messages make sense from now on. */
  synced: boolean;
  /** What this client has acknowledged so far: only then a missing acknowledgement means something. */
  acknowledges: 'nothing' | 'messages' | 'signals';
  /** The device may have been on a node that is gone, or cannot be asked. */
  moved: boolean;
  /** All other nodes have been asked what they keep for the device. */
  askedOthers: boolean;
  /** The number of the last signal told on this connection, by call. */
  lastSignal: Map<string, number> | null;
  /** How many `call:incoming` it has been told and not acknowledged. */
  unacknowledgedRings: number;
  bucket: TokenBucket | null;
  /** Commands that have not been answered yet. */
  inHand: number;
  /** Commands in progress by call, so that they take effect in the order they were sent. */
  turns: Map<string, Promise<unknown>> | null;
}

export const actorOf = ({ userId, deviceId, name }: Session): Actor => ({ userId, deviceId, name });

/** The live connections of this node, one per device. */
@Injectable()
export class Sessions {
  private readonly byUser = new Map<string, Map<string, Session>>();
  private total = 0;

  get size(): number {
    return this.total;
  }

  /** @returns the session of the same device that this one replaces, if any */
  add(session: Session): Session | undefined {
    const devices = this.byUser.get(session.userId) ?? new Map<string, Session>();
    const replaced = devices.get(session.deviceId);
    devices.set(session.deviceId, session);
    this.byUser.set(session.userId, devices);
    if (!replaced) this.total++;
    return replaced;
  }

  /** Removes the session unless a newer connection of the device has taken its place. */
  remove(session: Session): void {
    const devices = this.byUser.get(session.userId);
    if (devices?.get(session.deviceId) !== session) return;
    devices.delete(session.deviceId);
    this.total--;
    if (devices.size === 0) this.byUser.delete(session.userId);
  }

  of(userId: string): Session[] {
    return [...(this.byUser.get(userId)?.values() ?? [])];
  }

  get(userId: string, deviceId: string): Session | undefined {
    return this.byUser.get(userId)?.get(deviceId);
  }

  countOf(userId: string): number {
    return this.byUser.get(userId)?.size ?? 0;
  }

  *all(): IterableIterator<Session> {
    for (const devices of this.byUser.values()) yield* devices.values();
  }
}
