/** The public entry: the servers, the phones behind them, and the types of both. */
export type { Fault, InjectedFault, Injection } from './core/faults.js';
export type { LogEntry, Violation } from './core/request-log.js';
export type { ServiceName } from './core/services.js';
export type { DeliveredPush } from './delivery/inbox.js';
export { DemoPhones, type DemoPhone, type DemoPhoneAction } from './phones/demo-phones.js';
export { VirtualAndroid } from './phones/virtual-android.js';
export { VirtualIphone, type VirtualIphoneOptions } from './phones/virtual-iphone.js';
export type { VirtualPhone, VirtualPhoneOptions } from './phones/virtual-phone.js';
export { PushSimulator, type PushSimulatorOptions } from './push-simulator.js';
export { type Certificates, makeCertificates } from './transport/certificates.js';
