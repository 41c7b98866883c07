import { ControlApi } from './control/control-api.js';
import { type ServerOptions, Servers } from './servers.js';
import { type Context, type ContextOptions, createContext } from './simulation/context.js';
import { Simulation } from './simulation/simulation.js';

export interface PushSimulatorOptions extends ContextOptions, ServerOptions {}

/**
 * APNs in both environments, FCM HTTP v1 and Google's token endpoint, over TLS and as strict as the originals, with
 * phones behind them and faults on demand.
 */
export class PushSimulator extends Simulation {
  static async start(options: PushSimulatorOptions = {}): Promise<PushSimulator> {
    const context = createContext(options, (service, down) => servers.setDown(service, down));
    const servers = await Servers.create(context, options);
    const control = new ControlApi();
    try {
      await servers.open();
      await control.open(options.ports?.control ?? 0);
      return new PushSimulator(context, servers, control);
    } catch (error) {
      await shutDown(context, servers, control);
      throw error;
    }
  }

  private constructor(
    context: Context,
    protected override readonly servers: Servers,
    private readonly control: ControlApi,
  ) {
    super(context, servers, {
      apnsProduction: servers.origin('apns-production'),
      apnsSandbox: servers.origin('apns-sandbox'),
      fcm: servers.origin('fcm'),
      tokenUri: `${servers.origin('token')}/token`,
      control: `http://127.0.0.1:${control.port}`,
    });
    control.serve(this);
  }

  /** Ends every connection at once; whoever waits for a delivery is told. */
  async stop(): Promise<void> {
    this.context.inboxes.clear('The simulator has stopped');
    await shutDown(this.context, this.servers, this.control);
  }
}

async function shutDown(
  { pipeline, clock, faults }: Context,
  servers: Servers,
  control: ControlApi,
): Promise<void> {
  pipeline.stop();
  clock.stop();
  await faults.settled().catch(() => undefined);
  await Promise.all([servers.close(), control.close()]);
}
