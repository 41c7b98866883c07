import { Module } from '@nestjs/common';
import { DeviceRegistry } from './device-registry.js';
import { NameOfDeviceHandler } from './name-of-device.js';
import { Presence } from './presence.js';
import { Reaches } from './reach.js';

@Module({
  providers: [DeviceRegistry, Presence, Reaches, NameOfDeviceHandler],
  exports: [DeviceRegistry, Presence, Reaches],
})
export class DevicesModule {}
