import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { DeviceRegistry } from './device-registry.js';

/** What the install calls itself ("Bob's iPad"), if it is registered and says so. */
export class NameOfDevice extends Query<string | null> {
  constructor(
    readonly userId: string,
    readonly deviceId: string,
  ) {
    super();
  }
}

@QueryHandler(NameOfDevice)
export class NameOfDeviceHandler implements IQueryHandler<NameOfDevice> {
  constructor(private readonly registry: DeviceRegistry) {}

  async execute({ userId, deviceId }: NameOfDevice): Promise<string | null> {
    return (await this.registry.find(userId, deviceId))?.name ?? null;
  }
}
