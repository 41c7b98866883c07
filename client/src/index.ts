export { RingwayClient, type RingwayEvents, type RingwayOptions } from './client.js';
export type { Call, CallEvents, HandledElsewhere } from './call.js';
export type { OwnMedia } from './call-signaling.js';
export type { NewCall } from './call-store.js';
export type { Status } from './connection.js';
export { type ClientCode, RingwayError } from './error.js';
export type { HistoryFilter, RingwayHttp } from './http.js';
export { uuidV7 } from './uuid.js';
export type * from './wire.js';
