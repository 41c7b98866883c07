import type { Environment } from '../core/services.js';
import type { VirtualCall } from './virtual-call.js';
import { VirtualPhone, type VirtualPhoneOptions } from './virtual-phone.js';

export interface VirtualIphoneOptions extends VirtualPhoneOptions {
  bundleId: string;
  /** Run from Xcode: its token belongs to the sandbox. From the App Store or TestFlight: to production. */
  build: 'debug' | 'app-store';
  /** What the app tells the gateway; by default the truth. */
  declares?: Environment;
}

const LOOK_AGAIN_MS = 3_000;

/** An iPhone as docs/ios.md describes it: the push is reported at once, and the end of a call is never a push. */
export class VirtualIphone extends VirtualPhone {
  readonly environment: Environment;
  readonly build: 'debug' | 'app-store';
  /** What the app will say the next time it registers. */
  declares: Environment;
  private readonly bundleId: string;

  constructor({ bundleId, build, declares, ...options }: VirtualIphoneOptions) {
    const environment = build === 'debug' ? 'sandbox' : 'production';
    const { token } = options.simulator.registerIosDevice({ bundleId, environment });
    super({ ...options, name: options.name ?? `${options.userId}'s iPhone` }, token);
    this.environment = environment;
    this.build = build;
    this.bundleId = bundleId;
    this.declares = declares ?? environment;
  }

  protected override registration(): object {
    const { pushToken: voipToken, declares: apnsEnvironment, bundleId, name } = this;
    return { platform: 'ios', voipToken, apnsEnvironment, bundleId, name };
  }

  /** CallKit has the call already: a push must be reported before anything else. Now to hear when it is over. */
  protected override onWoken(call: VirtualCall): void {
    this.socket.open();
    this.lookAgain(call);
  }

  protected override async onRingTimeout(call: VirtualCall): Promise<void> {
    await this.ask(call);
    if (call.stage === 'ringing') this.finish(call, 'missed');
  }

  /** While there is no socket, only asking tells. */
  private lookAgain(call: VirtualCall): void {
    this.alarm(LOOK_AGAIN_MS, () => {
      if (call.stage !== 'woken' && call.stage !== 'ringing') return;
      if (!this.socket.connected) this.run(() => this.ask(call));
      this.lookAgain(call);
    });
  }
}
