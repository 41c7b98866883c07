import { Body, Controller, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { z } from 'zod';
import { Speaking, type Speaker, SpeakingUser, WithActionToken } from '../auth/principal.js';
import type { User } from '../auth/user-tokens.js';
import { AnswerCall } from '../calls/answer-call.js';
import { CallQuota } from '../calls/call-quota.js';
import { CancelCall } from '../calls/cancel-call.js';
import { DeclineCall } from '../calls/decline-call.js';
import type { Actor, ExistingCall } from '../calls/domain/call.js';
import { type CallView, viewOf } from '../calls/domain/call-view.js';
import { EndCall } from '../calls/end-call.js';
import { InitiateCall } from '../calls/initiate-call.js';
import { callId, declineReason, deviceId, initiatePayload } from '../protocol/payloads.js';
import { RingCall } from '../calls/ring-call.js';
import { Failure } from '../errors/api-error.js';
import { MayRing } from '../ringing/may-ring.js';
import { callAnswer, cancelledAnswer, initiatedAnswer } from '../protocol/response-schemas.js';
import { Describe } from './api-doc.js';
import { Shape } from './zod.pipe.js';

const declineBody = z.object({ reason: declineReason.optional() }).optional();
const byDevice = z.object({ deviceId: deviceId.optional() });
const deviceIdQuery = new Shape(deviceId, 'deviceId');
const callIdParam = new Shape(callId, 'callId');
const answer = { schema: callAnswer };

/** The call commands over HTTP, for backends and for phones that have just been woken. */
@ApiTags('calls')
@Controller('v1/calls')
export class CallCommandsController {
  constructor(
    private readonly bus: CommandBus,
    private readonly queries: QueryBus,
    private readonly quota: CallQuota,
  ) {}

  @Post()
  @Describe({
    summary: 'Start a call',
    ...{ body: initiatePayload, query: byDevice },
    answer: { status: 201, schema: initiatedAnswer },
    also: { status: 200, description: 'The same call was started before.' },
  })
  async initiate(
    @SpeakingUser() user: User,
    @Query('deviceId') by: unknown,
    @Body(new Shape(initiatePayload))
    { callId: id, callee, media, metadata = {} }: z.output<typeof initiatePayload>,
    @Res({ passthrough: true }) response: Response,
  ): Promise<{ call: CallView; merged?: true }> {
    const actor = actorOf({ kind: 'user', ...user }, by);
    const command = new InitiateCall(actor, id, callee, media, metadata);
    const { call, merged, created } = await this.quota.charge(
      { caller: user.userId, callee, callId: id },
      () => this.bus.execute(command),
    );
    response.status(created ? 201 : 200);
    return { call: viewOf(call), ...(merged ? { merged } : {}) };
  }

  @Post(':callId/ringing')
  @HttpCode(200)
  @WithActionToken()
  @Describe({ summary: 'This device shows the call', query: byDevice, answer })
  async ringing(
    @Speaking() speaker: Speaker,
    @Param('callId', callIdParam) id: string,
    @Query('deviceId') by: unknown,
  ): Promise<CallAnswer> {
    const actor = actorOf(speaker, by);
    // An action token was sent to a device that was asked.
    const mayRing =
      speaker.kind === 'action' ||
      (await this.queries.execute(new MayRing(id, actor.userId, actor.deviceId)));
    if (!mayRing) throw new Failure('NOT_ALLOWED', NOT_A_DEVICE);
    return answerOf((await this.bus.execute(new RingCall(actor, id))).call);
  }

  @Post(':callId/answer')
  @HttpCode(200)
  @WithActionToken()
  @Describe({ summary: 'Pick up on this device', query: byDevice, answer })
  async answer(
    @Speaking() speaker: Speaker,
    @Param('callId', callIdParam) id: string,
    @Query('deviceId') by: unknown,
  ): Promise<CallAnswer> {
    return answerOf((await this.bus.execute(new AnswerCall(actorOf(speaker, by), id))).call);
  }

  @Post(':callId/decline')
  @HttpCode(200)
  @WithActionToken()
  @Describe({
    summary: 'Decline, also from the lock screen with the action token',
    query: byDevice,
    body: declineBody,
    answer,
  })
  async decline(
    @Speaking() speaker: Speaker,
    @Param('callId', callIdParam) id: string,
    @Query('deviceId') by: unknown,
    @Body(new Shape(declineBody)) body: z.output<typeof declineBody>,
  ): Promise<CallAnswer> {
    return answerOf((await this.bus.execute(new DeclineCall(actorOf(speaker, by), id, body?.reason))).call);
  }

  @Post(':callId/cancel')
  @HttpCode(200)
  @Describe({
    summary: 'Give up before the answer; null for a call that is not known (yet)',
    query: byDevice,
    answer: { schema: cancelledAnswer },
  })
  async cancel(
    @SpeakingUser() user: User,
    @Param('callId', callIdParam) id: string,
    @Query('deviceId') by: unknown,
  ): Promise<{ call: CallView | null }> {
    const call = await this.bus.execute(new CancelCall(actorOf({ kind: 'user', ...user }, by), id));
    return { call: call && viewOf(call) };
  }

  @Post(':callId/end')
  @HttpCode(200)
  @Describe({ summary: 'Hang up', query: byDevice, answer })
  async end(
    @SpeakingUser() user: User,
    @Param('callId', callIdParam) id: string,
    @Query('deviceId') by: unknown,
  ): Promise<CallAnswer> {
    return answerOf((await this.bus.execute(new EndCall(actorOf({ kind: 'user', ...user }, by), id))).call);
  }
}

const NOT_A_DEVICE =
  'Only a device that was told of the call, is connected or is registered can ring: register it with PUT /v1/devices/{deviceId}.';

interface CallAnswer {
  call: CallView;
}
const answerOf = (call: ExistingCall): CallAnswer => ({ call: viewOf(call) });

/** An action token says which device it was sent to, whatever is beside it; a user's token needs `?deviceId=`. */
function actorOf(speaker: Speaker, by: unknown): Actor {
  const { userId } = speaker;
  if (speaker.kind === 'action') return { userId, deviceId: speaker.deviceId, name: null };
  if (by === undefined) throw Failure.invalid({ path: 'deviceId', message: 'is missing: add ?deviceId=' });
  return { userId, deviceId: deviceIdQuery.transform(by), name: speaker.name };
}
