import type { ServiceName } from '../core/services.js';

/** A push as the app on the phone gets it. */
export interface DeliveredPush {
  token: string;
  phone: string;
  service: ServiceName;
  /** `apns-id`, or the name of the FCM message. */
  id: string;
  /** The APNs body, or FCM's `data`. */
  payload: Record<string, unknown>;
  /** FCM's `notification` block: shown by the system, the app does not run. */
  notification: Record<string, unknown> | null;
  topic: string | null;
  pushType: string | null;
  /** Simulated time, ms since the epoch. */
  sentAt: number;
  deliveredAt: number;
  /** As sent, and as it arrived: FCM makes NORMAL of HIGH for an app that shows nothing. */
  originalPriority: 'high' | 'normal';
  priority: 'high' | 'normal';
  /** iOS: the app must report a call before its delegate returns. */
  mustReport: boolean;
  /** The same `apns-id` again. */
  repeated: boolean;
}

type Listener = (push: DeliveredPush) => void;

interface Inbox {
  all: DeliveredPush[];
  taken: number;
  listeners: Set<Listener>;
  waiting: { resolve: Listener; reject: (error: Error) => void }[];
}

const keep = 1000;

/** What has arrived on the phones, for whoever plays the app: by listener, one by one, or to look at afterwards. */
export class Inboxes {
  private readonly inboxes = new Map<string, Inbox>();

  add(push: DeliveredPush): void {
    const inbox = this.inbox(push.token);
    inbox.all.push(push);
    if (inbox.all.length > keep) {
      inbox.all.shift();
      inbox.taken = Math.max(0, inbox.taken - 1);
    }
    for (const listener of inbox.listeners) queueMicrotask(() => listener(push));
    const next = inbox.waiting.shift();
    if (next === undefined) return;
    inbox.taken = inbox.all.length;
    next.resolve(push);
  }

  of(token: string): readonly DeliveredPush[] {
    return this.inboxes.get(token)?.all ?? [];
  }

  on(token: string, listener: Listener): () => void {
    const { listeners } = this.inbox(token);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** The oldest push that no earlier `next` has returned. Rejects when none arrives within `timeoutMs` real ms. */
  next(token: string, timeoutMs: number): Promise<DeliveredPush> {
    const inbox = this.inbox(token);
    const ready = inbox.all[inbox.taken];
    if (ready !== undefined) {
      inbox.taken += 1;
      return Promise.resolve(ready);
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        inbox.waiting = inbox.waiting.filter((other) => other !== waiter);
        reject(new Error(`No push reached …${token.slice(-6)} within ${timeoutMs} ms`));
      }, timeoutMs);
      const waiter = {
        resolve: (push: DeliveredPush) => {
          clearTimeout(timer);
          resolve(push);
        },
        reject: (error: Error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      inbox.waiting.push(waiter);
    });
  }

  clear(why: string): void {
    for (const { waiting } of this.inboxes.values())
      for (const waiter of waiting) waiter.reject(new Error(why));
    this.inboxes.clear();
  }

  private inbox(token: string): Inbox {
    const inbox = this.inboxes.get(token) ?? { all: [], taken: 0, listeners: new Set(), waiting: [] };
    this.inboxes.set(token, inbox);
    return inbox;
  }
}
