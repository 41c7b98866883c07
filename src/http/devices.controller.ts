import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { SpeakingUser } from '../auth/principal.js';
import type { User } from '../auth/user-tokens.js';
import { rfc3339 } from '../calls/domain/call-view.js';
import { deviceId, userId } from '../protocol/payloads.js';
import type { DeviceEntity } from '../devices/device.entity.js';
import { DeviceQuota } from '../devices/device-quota.js';
import { DeviceRegistry, type Registration } from '../devices/device-registry.js';
import { type Reachability, Reaches } from '../devices/reachability.js';
import { Describe } from './api-doc.js';
import { Shape } from './zod.pipe.js';

/** Apple: "don't make assumptions about device token size"; no token known is longer than this. */
const MAX_APNS_TOKEN = 512;
const MAX_FCM_TOKEN = 4_096;

const apnsToken = z
  .string('must be the token as hexadecimal text')
  .min(1, 'must not be empty')
  .max(MAX_APNS_TOKEN, `must be at most ${MAX_APNS_TOKEN} characters long`)
  .regex(/^[0-9a-fA-F]*$/, 'must be hexadecimal digits only')
  .refine((token) => token.length % 2 === 0, 'must have an even number of hexadecimal digits')
  .transform((token) => token.toLowerCase());

const about = {
  name: z.string('must be text').max(200, 'must be at most 200 characters long').nullish(),
  appVersion: z.string('must be text').max(100, 'must be at most 100 characters long').nullish(),
};

const registrationBody = z.discriminatedUnion(
  'platform',
  [
    z.object({
      platform: z.literal('ios'),
      voipToken: apnsToken,
      apnsEnvironment: z.enum(['sandbox', 'production'], 'must be sandbox or production'),
      bundleId: z
        .string('must be the bundle id of the app')
        .regex(/^[A-Za-z0-9.-]{1,155}$/, 'must be a bundle id such as com.example.app'),
      alertToken: apnsToken.nullish(),
      ...about,
    }),
    z.object({
      platform: z.literal('android'),
      fcmToken: z
        .string('must be the FCM token')
        .min(1, 'must not be empty')
        .max(MAX_FCM_TOKEN, `must be at most ${MAX_FCM_TOKEN} characters long`)
        .regex(/^[\x21-\x7e]*$/, 'must be printable ASCII without spaces'),
      projectId: z
        .string('must be a Firebase project id')
        .min(1, 'must not be empty')
        .max(100, 'must be at most 100 characters long')
        .nullish(),
      ...about,
    }),
    z.object({ platform: z.literal('web'), ...about }),
  ],
  'must be ios, android or web',
);

const deviceSchema = z.object({
  ...{ deviceId: z.string(), platform: z.enum(['ios', 'android', 'web']) },
  ...{ name: z.string().nullable(), appVersion: z.string().nullable(), bundleId: z.string().optional() },
  apnsEnvironment: z.enum(['sandbox', 'production']).optional(),
  pushToken: z.string().nullable().describe('the last 6 characters, behind an ellipsis'),
  ...{ registeredAt: z.iso.datetime(), lastSeenAt: z.iso.datetime() },
});
type DeviceAnswer = z.output<typeof deviceSchema>;

const presenceQuery = z.object({
  userIds: z
    .string('is missing: add ?userIds=a,b')
    .transform((list) => [
      ...new Set(
        list
          .split(',')
          .map((id) => id.trim())
          .filter(Boolean),
      ),
    ])
    .pipe(z.array(userId).min(1, 'must name at least one user').max(100, 'must name at most 100 users')),
});
const presenceSchema = z.array(
  z.object({ userId: z.string(), reachable: z.enum(['online', 'pushable', 'unreachable']) }),
);

/** A user's own installs, and whether others can be reached. */
@ApiTags('devices')
@Controller('v1')
export class DevicesController {
  constructor(
    private readonly registry: DeviceRegistry,
    private readonly quota: DeviceQuota,
    private readonly reaches: Reaches,
  ) {}

  @Put('devices/:deviceId')
  @Describe({
    summary: 'Register this install; as often as you like, at least at every start of the app',
    ...{ body: registrationBody, answer: { schema: deviceSchema } },
  })
  async register(
    @SpeakingUser() user: User,
    @Param('deviceId', new Shape(deviceId, 'deviceId')) id: string,
    @Body(new Shape(registrationBody)) body: z.output<typeof registrationBody>,
  ): Promise<DeviceAnswer> {
    this.quota.take(user.userId);
    return answerOf(await this.registry.register(user.userId, id, registrationOf(body)));
  }

  @Get('devices')
  @Describe({
    summary: "The user's installs",
    answer: { schema: z.object({ items: z.array(deviceSchema), nextCursor: z.null() }) },
  })
  async list(@SpeakingUser() user: User): Promise<{ items: DeviceAnswer[]; nextCursor: null }> {
    return { items: (await this.registry.list(user.userId)).map(answerOf), nextCursor: null };
  }

  @Delete('devices/:deviceId')
  @HttpCode(204)
  @Describe({ summary: 'Sign this install out: no more pushes', answer: { status: 204 } })
  async remove(
    @SpeakingUser() user: User,
    @Param('deviceId', new Shape(deviceId, 'deviceId')) id: string,
  ): Promise<void> {
    this.quota.take(user.userId);
    await this.registry.unregister(user.userId, id);
  }

  @Get('presence')
  @Describe({
    summary: 'Whether users can be reached',
    description: 'online: over a socket; an app in the background that a push would reach too is pushable.',
    query: presenceQuery,
    answer: { schema: presenceSchema },
  })
  async presence(
    @Query(new Shape(presenceQuery)) { userIds }: z.output<typeof presenceQuery>,
  ): Promise<{ userId: string; reachable: Reachability }[]> {
    const summary = await this.reaches.summary(userIds);
    return userIds.map((id) => ({ userId: id, reachable: summary.get(id) ?? 'unreachable' }));
  }
}

function registrationOf(body: z.output<typeof registrationBody>): Registration {
  const common = { platform: body.platform, name: body.name ?? null, appVersion: body.appVersion ?? null };
  const none = { pushToken: null, alertToken: null, bundleId: null, apnsEnvironment: null, projectId: null };
  switch (body.platform) {
    case 'ios': {
      const { voipToken: pushToken, alertToken = null, bundleId, apnsEnvironment } = body;
      return { ...none, ...common, pushToken, alertToken, bundleId, apnsEnvironment };
    }
    case 'android':
      return { ...none, ...common, pushToken: body.fcmToken, projectId: body.projectId ?? null };
    case 'web':
      return { ...none, ...common };
  }
}

function answerOf(device: DeviceEntity): DeviceAnswer {
  const { deviceId: id, platform, name, appVersion, bundleId, apnsEnvironment, pushToken } = device;
  return {
    ...{ deviceId: id, platform, name, appVersion },
    ...(platform === 'ios' ? { bundleId: bundleId!, apnsEnvironment: apnsEnvironment! } : {}),
    pushToken: pushToken === null ? null : `…${pushToken.slice(-6)}`,
    registeredAt: rfc3339(device.registeredAt.getTime()),
    lastSeenAt: rfc3339(device.lastSeenAt.getTime()),
  };
}
