import type { ApnsSender } from '../push/apns.js';
import type { FcmSender } from '../push/fcm.js';

/** The two ways to wake a phone, made once from the configuration. */
export class Senders {
  constructor(
    readonly apns: ApnsSender,
    readonly fcm: FcmSender,
    private readonly fcmProjects: readonly string[],
  ) {}

  /** An Android install that names no project belongs to the only one there is. */
  projectOf(named: string | null): string {
    return named ?? (this.fcmProjects.length === 1 ? this.fcmProjects[0]! : '');
  }
}
