import { type Clock, SimulatorClock, systemClock } from '../core/clock.js';
import { Credentials } from '../core/credentials.js';
import { Faults } from '../core/faults.js';
import { adjust, type Policy, type PolicyPatch, strictPolicy } from '../core/policy.js';
import { RequestLog } from '../core/request-log.js';
import { RequestPipeline } from '../core/request-pipeline.js';
import { SenderLint } from '../core/sender-lint.js';
import type { ServiceName } from '../core/services.js';
import { DeliveryModel } from '../delivery/delivery-model.js';
import { DeviceRegistry } from '../delivery/device-registry.js';
import { Inboxes } from '../delivery/inbox.js';

export interface ContextOptions {
  /** What time starts from; by default the machine's clock. */
  clock?: Clock;
  /** Where the simulator is to be less strict than it is by default. */
  policy?: PolicyPatch;
  /** How many requests the log keeps; 10,000. */
  logLimit?: number;
}

/** What all servers of one simulator share. */
export interface Context {
  clock: SimulatorClock;
  policy: Policy;
  credentials: Credentials;
  registry: DeviceRegistry;
  delivery: DeliveryModel;
  inboxes: Inboxes;
  faults: Faults;
  requestLog: RequestLog;
  senderLint: SenderLint;
  pipeline: RequestPipeline;
}

/** @param setDown closes a service's port for an outage, and opens it again */
export function createContext(
  options: ContextOptions,
  setDown: (service: ServiceName, down: boolean) => Promise<void>,
): Context {
  const clock = new SimulatorClock(options.clock ?? systemClock);
  const policy = strictPolicy();
  adjust(policy, options.policy ?? {});
  const requestLog = new RequestLog(clock, options.logLimit);
  const senderLint = new SenderLint(clock, requestLog);
  const faults = new Faults(setDown);
  const inboxes = new Inboxes();
  return {
    clock,
    policy,
    credentials: new Credentials(clock),
    registry: new DeviceRegistry(clock),
    delivery: new DeliveryModel({ clock, requestLog, policy, inboxes }),
    inboxes,
    faults,
    requestLog,
    senderLint,
    pipeline: new RequestPipeline(requestLog, faults, senderLint),
  };
}
