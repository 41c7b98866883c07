import { Module } from '@nestjs/common';
import { DeviceQuota } from './device-quota.js';
import { DeviceRegistry } from './device-registry.js';
import { NameOfDeviceHandler } from './name-of-device.js';
import { Presence } from './presence.js';
import { Reaches } from './reach.js';

@Module({
  providers: [DeviceRegistry, DeviceQuota, Presence, Reaches, NameOfDeviceHandler],
  exports: [DeviceRegistry, DeviceQuota, Presence, Reaches],
})
export class DevicesModule {}
