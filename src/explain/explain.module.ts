import { Module } from '@nestjs/common';
import { DevicesModule } from '../devices/devices.module.js';
import { ExplainHandler } from './explain.js';

@Module({ imports: [DevicesModule], providers: [ExplainHandler] })
export class ExplainModule {}
