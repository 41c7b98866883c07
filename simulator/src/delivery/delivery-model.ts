import type { SimulatorClock } from '../core/clock.js';
import type { Policy } from '../core/policy.js';
import type { DeliveryOutcome, RequestLog } from '../core/request-log.js';
import type { ServiceName } from '../core/services.js';
import type { Device, Phone } from './device-registry.js';
import type { Inboxes } from './inbox.js';
import { type PushKitMemory, receiveVoip } from './pushkit.js';

/** A push that was accepted, on its way to a phone. */
export interface Push {
  service: ServiceName;
  connection: number;
  device: Device;
  id: string;
  payload: Record<string, unknown>;
  notification: Record<string, unknown> | null;
  topic: string | null;
  pushType: string | null;
  priority: 'high' | 'normal';
  sentAt: number;
  /** When the provider gives up, ms since the epoch; null: a single attempt. */
  expiresAt: number | null;
  /** Among stored pushes of one phone the newest with this key stays; null: all do. */
  collapse: string | null;
  /** Hears what has become of it, the last word last. */
  outcome: (outcome: DeliveryOutcome) => void;
}

/** The way from the provider to the app: whether, when and in which order pushes arrive. */
export class DeliveryModel {
  private readonly stored = new Map<Phone, Push[]>();
  private readonly held = new Map<Phone, Push>();
  private readonly pushKit = new Map<string, PushKitMemory>();
  private readonly withoutResult = new Map<string, number>();
  private generation = 0;
  private readonly clock: SimulatorClock;
  private readonly requestLog: RequestLog;
  private readonly policy: Policy;
  private readonly inboxes: Inboxes;

  constructor(parts: { clock: SimulatorClock; requestLog: RequestLog; policy: Policy; inboxes: Inboxes }) {
    this.clock = parts.clock;
    this.requestLog = parts.requestLog;
    this.policy = parts.policy;
    this.inboxes = parts.inboxes;
  }

  send(push: Push): void {
    const { lateByMs } = push.device.phone;
    if (lateByMs === 0) return this.arrive(push);
    push.outcome('pending');
    const { generation } = this;
    this.clock.at(this.clock.now() + lateByMs, () => {
      if (this.generation === generation) this.arrive(push);
    });
  }

  /** The phone is on the air again, or awake. */
  phoneChanged(phone: Phone): void {
    const waiting = this.stored.get(phone) ?? [];
    this.stored.delete(phone);
    for (const push of waiting) this.arrive(push);
  }

  /** The app says that a VoIP push went unreported, or that a HIGH message showed the user nothing. */
  appFailed(device: Device): void {
    if (device.platform === 'ios') this.memory(device.token).unreported += 1;
    else this.withoutResult.set(device.token, (this.withoutResult.get(device.token) ?? 0) + 1);
  }

  /** Reinstalled: iOS and Android forget how the app behaved. */
  forgive(device: Device): void {
    this.pushKit.delete(device.token);
    this.withoutResult.delete(device.token);
  }

  clear(): void {
    this.generation += 1;
    for (const map of [this.stored, this.held, this.pushKit, this.withoutResult]) map.clear();
  }

  private arrive(push: Push): void {
    const { phone } = push.device;
    const now = this.clock.now();
    if (push.expiresAt !== null && push.expiresAt <= now) return push.outcome('expired');
    if (phone.appState === 'force-stopped') return push.outcome('lost');
    const waits = !phone.online || (phone.dozing && this.priority(push) === 'normal');
    if (waits && push.expiresAt === null) return push.outcome('lost');
    if (waits) return this.store(push, push.expiresAt ?? now);
    if (!phone.reorders) return this.handOver(push);

    const earlier = this.held.get(phone);
    if (earlier !== undefined) {
      this.held.delete(phone);
      this.handOver(push);
      return this.handOver(earlier);
    }
    this.held.set(phone, push);
    push.outcome('pending');
    this.clock.at(now + 1000, () => {
      if (this.held.get(phone) !== push) return;
      this.held.delete(phone);
      this.handOver(push);
    });
  }

  private store(push: Push, until: number): void {
    const { phone } = push.device;
    const waiting = this.stored.get(phone) ?? [];
    const older = waiting.filter(({ collapse }) => collapse !== null && collapse === push.collapse);
    for (const replaced of older) replaced.outcome('replaced');
    this.stored.set(phone, [...waiting.filter((other) => !older.includes(other)), push]);
    push.outcome('stored');
    this.clock.at(until, () => {
      const still = this.stored.get(phone) ?? [];
      if (!still.includes(push)) return;
      this.stored.set(
        phone,
        still.filter((other) => other !== push),
      );
      push.outcome('expired');
    });
  }

  private handOver(push: Push): void {
    const { device, payload, id } = push;
    const now = this.clock.now();
    let report = { mustReport: false, repeated: false };
    if (push.device.platform === 'ios' && push.device.kind === 'voip') {
      const memory = this.memory(device.token);
      if (memory.unreported >= this.policy.device.unreportedBeforeSilence) return push.outcome('silenced');
      const voip = receiveVoip(
        { id, payload, age: now - push.sentAt },
        device.phone,
        memory,
        this.policy.device,
      );
      report = voip;
      if (voip.unreportable !== null) {
        const price = voip.penalised ? `, unreported push number ${memory.unreported}` : '';
        this.requestLog.violation(
          push.service,
          push.connection,
          'voip-unreportable',
          voip.unreportable + price,
        );
      }
    }
    if (device.platform === 'android') device.lastSeenAt = now;
    push.outcome('delivered');
    this.inboxes.add({
      token: device.token,
      phone: device.phone.id,
      service: push.service,
      id,
      payload,
      notification: push.notification,
      topic: push.topic,
      pushType: push.pushType,
      sentAt: push.sentAt,
      deliveredAt: now,
      originalPriority: push.priority,
      priority: this.priority(push),
      mustReport: report.mustReport,
      repeated: report.repeated,
    });
  }

  private priority({ device, priority }: Push): 'high' | 'normal' {
    const shown = (this.withoutResult.get(device.token) ?? 0) < this.policy.device.highWithoutResult;
    return shown ? priority : 'normal';
  }

  private memory(token: string): PushKitMemory {
    const memory = this.pushKit.get(token) ?? { calls: new Map<string, string>(), unreported: 0 };
    this.pushKit.set(token, memory);
    return memory;
  }
}
