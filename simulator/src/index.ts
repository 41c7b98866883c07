/** The public entry: the servers, the phones behind them, and what both speak of. */
export type { PushSimulatorOptions } from './assembly.js';
export type { Fault, InjectedFault, Injection } from './core/faults.js';
export type { LogEntry, ServiceName, Violation } from './core/request-log.js';
export type { DeliveredPush } from './delivery/inbox.js';
export { type BoardAction, type BoardPhone, PhoneBoard } from './phones/demo-phones.js';
export { VirtualAndroid } from './phones/virtual-android.js';
export { VirtualIphone, type VirtualIphoneOptions } from './phones/virtual-iphone.js';
export type { VirtualPhone, VirtualPhoneOptions } from './phones/virtual-phone.js';
export { PushSimulator } from './push-simulator.js';
export { type Certificates, makeCertificates } from './transport/certificates.js';
