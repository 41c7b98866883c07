import { Module } from '@nestjs/common';
import { DeviceQuota } from './device-quota.js';
import { DeviceStream } from './device-stream.js';
import { DeviceRegistry } from './device-registry.js';
import { NameOfDeviceHandler } from './name-of-device.js';
import { Reachability } from './reachability.js';

@Module({
  providers: [DeviceStream, DeviceRegistry, DeviceQuota, Reachability, NameOfDeviceHandler],
  exports: [DeviceRegistry, DeviceQuota, Reachability],
})
export class DevicesModule {}
