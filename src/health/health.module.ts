import { Module } from '@nestjs/common';
import { RingingModule } from '../ringing/ringing.module.js';
import { SocketsModule } from '../sockets/sockets.module.js';
import { HealthController } from './health.controller.js';
import { Metrics } from './metrics.js';
import { Readiness } from './readiness.js';

@Module({
  imports: [RingingModule, SocketsModule],
  controllers: [HealthController],
  providers: [Metrics, Readiness],
  exports: [Readiness],
})
export class HealthModule {}
