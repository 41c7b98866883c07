import type { Credentials } from '../core/credentials.js';
import type { Desk } from '../core/request-pipeline.js';
import type { DeviceModel } from '../delivery/delivery-model.js';
import type { Faults } from '../core/faults.js';
import type { Journal } from '../core/request-log.js';
import type { Manners } from '../core/sender-lint.js';
import type { Policy } from '../core/policy.js';
import type { Registry } from '../delivery/device-registry.js';
import type { SimulatorClock } from '../core/clock.js';

/** What all services of one simulator have in common. */
export interface Parts {
  clock: SimulatorClock;
  policy: Policy;
  registry: Registry;
  credentials: Credentials;
  journal: Journal;
  faults: Faults;
  manners: Manners;
  desk: Desk;
  devices: DeviceModel;
}
