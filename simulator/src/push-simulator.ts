import { isIPv6 } from 'node:net';
import { assemble, type Assembly, type PushSimulatorOptions } from './assembly.js';
import { ControlApi } from './control/control-api.js';
import type { ServiceName } from './core/request-log.js';
import { type Origins, Simulation } from './simulation/simulation.js';

/**
 * Apple and Google on your desk: both APNs environments, FCM HTTP v1 and Google's token endpoint, over TLS and as strict
 * as the originals, with phones behind them and faults on demand.
 */
export class PushSimulator extends Simulation {
  private readonly control: ControlApi;

  static async start(options: PushSimulatorOptions = {}): Promise<PushSimulator> {
    const assembly = await assemble(options);
    const control = new ControlApi();
    try {
      for (const listener of Object.values(assembly.listeners)) await listener.open();
      await control.open(options.ports?.control ?? 0);
      return new PushSimulator(assembly, control);
    } catch (error) {
      await shutDown(assembly, control);
      throw error;
    }
  }

  private constructor(assembly: Assembly, control: ControlApi) {
    super(assembly, originsOf(assembly, control.port));
    assembly.services.token.audiences.unshift(this.origins.tokenUri);
    this.control = control;
    control.serve(this);
  }

  /** Ends every connection at once; whoever waits for a delivery is told. */
  async stop(): Promise<void> {
    this.assembly.deliveries.clear('The simulator has stopped');
    await shutDown(this.assembly, this.control);
  }
}

async function shutDown({ desk, clock, faults, listeners }: Assembly, control: ControlApi): Promise<void> {
  desk.stop();
  clock.stop();
  await faults.settled().catch(() => undefined);
  await Promise.all([...Object.values(listeners).map((listener) => listener.close()), control.close()]);
}

function originsOf({ host, listeners }: Assembly, controlPort: number): Origins {
  const origin = (service: ServiceName): string =>
    `https://${isIPv6(host) ? `[${host}]` : host}:${listeners[service].port}`;
  return {
    apnsProduction: origin('apns-production'),
    apnsSandbox: origin('apns-sandbox'),
    fcm: origin('fcm'),
    tokenUri: `${origin('token')}/token`,
    control: `http://127.0.0.1:${controlPort}`,
  };
}
