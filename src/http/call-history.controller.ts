import { Controller, Get, Param, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Speaking, type Speaker, SpeakingUser, WithActionToken } from '../auth/speaker.js';
import type { User } from '../auth/user-tokens.js';
import { Calls } from '../calls/calls.js';
import type { ExistingCall } from '../calls/domain/call.js';
import { type CallView, viewOf } from '../calls/domain/call-view.js';
import { seenBy } from '../calls/domain/decide.js';
import { callId, userId } from '../calls/payloads.js';
import { Explain, type Explanation } from '../history/explain.js';
import { type CallPage, ListCalls } from '../history/list-calls.js';
import { Timeline, type TimelineItem } from '../history/timeline.js';
import { ConfirmReached } from '../ringing/confirm-reached.js';
import { callRecordSchema, callViewSchema, pageOf } from './answers.js';
import { Describe } from './describe.js';
import { Shape } from './shape.js';

const time = z
  .string('must be a time')
  .refine(
    (text) => /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text)),
    'must be a time such as 2026-11-22T15:04:05Z',
  )
  .transform((text) => Date.parse(text));

const filters = z.object({
  with: userId.optional(),
  media: z.enum(['voice', 'video'], 'must be voice or video').optional(),
  direction: z.enum(['incoming', 'outgoing'], 'must be incoming or outgoing').optional(),
  outcome: z
    .enum(
      ['completed', 'declined', 'busy', 'cancelled', 'missed', 'failed'],
      'must be completed, declined, busy, cancelled, missed or failed',
    )
    .optional(),
  from: time.optional(),
  to: time.optional(),
  cursor: z.string('must be a cursor').max(200, 'is not a cursor that this list gave out').optional(),
  limit: z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(1, 'must be at least 1')
    .max(100, 'must be at most 100')
    .default(25),
});

const timelineSchema = z.object({
  items: z.array(
    z.object({
      ...{ position: z.int(), stream: z.enum(['call', 'wake']), version: z.int(), type: z.string() },
      ...{ at: z.iso.datetime(), data: z.record(z.string(), z.unknown()) },
    }),
  ),
});

const explanationSchema = z.object({
  verdict: z.string().describe('one sentence in plain words'),
  code: z.string(),
  devices: z.array(
    z.object({
      ...{ deviceId: z.string(), platform: z.string().nullable(), name: z.string().nullable() },
      steps: z.array(
        z.object({
          ...{ at: z.iso.datetime(), step: z.string(), provider: z.string().optional() },
          ...{
            environment: z.string().optional(),
            status: z.int().optional(),
            reason: z.string().optional(),
          },
        }),
      ),
    }),
  ),
});

const callIdParam = new Shape(callId, 'callId');

/** Who called whom, and what exactly happened. */
@ApiTags('history')
@Controller('v1/calls')
export class CallHistoryController {
  constructor(
    private readonly queries: QueryBus,
    private readonly commands: CommandBus,
    private readonly calls: Calls,
  ) {}

  @Get()
  @Describe({
    summary: "The user's calls, newest first",
    query: filters,
    answer: { schema: pageOf(callRecordSchema) },
  })
  list(
    @SpeakingUser() user: User,
    @Query(new Shape(filters)) query: z.output<typeof filters>,
  ): Promise<CallPage> {
    return this.queries.execute(new ListCalls(user.userId, query));
  }

  @Get(':callId')
  @WithActionToken()
  @Describe({
    summary: 'One call; with an action token the preflight of a woken phone',
    answer: { schema: callViewSchema },
  })
  async get(@Speaking() speaker: Speaker, @Param('callId', callIdParam) id: string): Promise<CallView> {
    const call = await this.visible(id, speaker.userId);
    if (speaker.kind === 'action')
      await this.commands.execute(new ConfirmReached(call.callId, speaker.deviceId, 'preflight'));
    return viewOf(call);
  }

  @Get(':callId/explain')
  @Describe({ summary: 'Why it rang, or did not', answer: { schema: explanationSchema } })
  async explain(@SpeakingUser() user: User, @Param('callId', callIdParam) id: string): Promise<Explanation> {
    return this.queries.execute(new Explain(await this.visible(id, user.userId)));
  }

  @Get(':callId/events')
  @Describe({ summary: 'The recorded events, in global order', answer: { schema: timelineSchema } })
  async events(
    @SpeakingUser() user: User,
    @Param('callId', callIdParam) id: string,
  ): Promise<{ items: TimelineItem[] }> {
    const call = await this.visible(id, user.userId);
    return { items: await this.queries.execute(new Timeline(call.callId)) };
  }

  /** For anybody but its two participants a call does not exist. */
  private async visible(id: string, asking: string): Promise<ExistingCall> {
    return seenBy(await this.calls.load(id), { userId: asking });
  }
}
