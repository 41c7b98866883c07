import type { DeliveredPush } from '../delivery/inbox.js';
import type { VirtualCall } from './virtual-call.js';
import { VirtualPhone, type VirtualPhoneOptions } from './virtual-phone.js';

/** An Android phone as docs/android.md describes it: a process that FCM woke opens no socket, and stops on `call-over`. */
export class VirtualAndroid extends VirtualPhone {
  constructor(options: VirtualPhoneOptions) {
    const { token } = options.simulator.registerAndroidDevice({});
    super({ ...options, name: options.name ?? `${options.userId}'s Android` }, token);
  }

  protected override registration(): object {
    return { platform: 'android', fcmToken: this.pushToken, name: this.name };
  }

  protected override async delivered(push: DeliveredPush): Promise<void> {
    const { type, callId, outcome } = push.payload;
    if (type !== 'call-over') return super.delivered(push);
    const call = this.calls.get(String(callId));
    if (call) this.finish(call, outcome === 'answered' ? 'answered-elsewhere' : String(outcome));
  }

  protected override onWoken(): void {
    // Its socket would look alive when Android has frozen the process again: the end comes as a message.
  }

  /** Android itself takes the call screen away. */
  protected override onRingTimeout(call: VirtualCall): Promise<void> {
    this.finish(call, 'missed');
    return Promise.resolve();
  }
}
