import { Module } from '@nestjs/common';
import { DeviceQuota } from './device-quota.js';
import { DeviceRegistry } from './device-registry.js';
import { NameOfDeviceHandler } from './name-of-device.js';
import { Reaches } from './reachability.js';

@Module({
  providers: [DeviceRegistry, DeviceQuota, Reaches, NameOfDeviceHandler],
  exports: [DeviceRegistry, DeviceQuota, Reaches],
})
export class DevicesModule {}
