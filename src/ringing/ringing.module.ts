import { Module } from '@nestjs/common';
import { CallsModule } from '../calls/calls.module.js';
import { CONFIG, type Config } from '../config/config.js';
import { DevicesModule } from '../devices/devices.module.js';
import { CLOCK, type Clock } from '../time/clock.js';
import { ApnsSender } from '../push/apns.js';
import { FcmSender } from '../push/fcm.js';
import { ConfirmReachedHandler } from './confirm-reached.js';
import { DevicePusher } from './device-pusher.js';
import { HedgeDeviceHandler } from './hedge-device.js';
import { JobRunner } from './job-runner.js';
import { Jobs } from './jobs.js';
import { MayRingHandler } from './may-ring.js';
import { PushDeviceHandler } from './push-device.js';
import { RingSaga } from './ring.saga.js';
import { Senders } from './push-senders.js';
import { TellCallOverHandler } from './stop-ringing.js';
import { TokenPurgeBreaker } from './token-purge-breaker.js';
import { WakeCallHandler } from './wake-call.js';
import { Wakes } from './wakes.js';

/** Not by the wall clock: each step of it would make a new provider token, and Apple refuses more than one in 20 minutes. */
const senders = ({ push: { apnsApps, fcmApps, origins, ca } }: Config, clock: Clock): Senders =>
  new Senders(
    new ApnsSender({
      keys: apnsApps,
      origins: { production: origins.apnsProduction, sandbox: origins.apnsSandbox },
      ...{ ca: ca ?? undefined, clock },
    }),
    new FcmSender({ apps: fcmApps, origin: origins.fcm, ca: ca ?? undefined, clock }),
    fcmApps.map(({ projectId }) => projectId),
  );

@Module({
  imports: [CallsModule, DevicesModule],
  providers: [
    ...[RingSaga, JobRunner, Jobs, Wakes, DevicePusher],
    { provide: TokenPurgeBreaker, useFactory: () => new TokenPurgeBreaker() },
    { provide: Senders, inject: [CONFIG, CLOCK], useFactory: senders },
    ...[WakeCallHandler, HedgeDeviceHandler, PushDeviceHandler, ConfirmReachedHandler, TellCallOverHandler],
    MayRingHandler,
  ],
  exports: [JobRunner, TokenPurgeBreaker, Senders, Wakes],
})
export class RingingModule {}
