import type { Credentials } from './credentials.js';
import type { Desk } from './desk.js';
import type { DeviceModel } from './device-model.js';
import type { Faults } from './faults.js';
import type { Journal } from './journal.js';
import type { Manners } from './manners.js';
import type { Policy } from './policy.js';
import type { Registry } from './registry.js';
import type { SimulatorClock } from './sim-clock.js';

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
