import type { PushAddress } from '../devices/reach.js';
import type { ApnsSender } from '../push/apns.js';
import type { FcmSender } from '../push/fcm.js';

/** The two ways to wake a phone, made once from the configuration. */
export class Senders {
  constructor(
    readonly apns: ApnsSender,
    readonly fcm: FcmSender,
    private readonly fcmProjects: readonly string[],
  ) {}

  /** The bundle or project is one of ours; a client may register any other, and its refusals are no fault of ours. */
  know(address: PushAddress): boolean {
    if (address.provider === 'fcm') return this.fcm.has(this.projectOf(address.projectId));
    const { bundleId } = address;
    return this.apns.has(bundleId, 'production') || this.apns.has(bundleId, 'sandbox');
  }

  /** An Android install that names no project belongs to the only one there is. */
  projectOf(named: string | null): string {
    return named ?? (this.fcmProjects.length === 1 ? this.fcmProjects[0]! : '');
  }
}
