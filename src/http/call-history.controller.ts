import { Controller, Get, Param, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Speaking, type Speaker, SpeakingUser, WithActionToken } from '../auth/principal.js';
import type { User } from '../auth/user-tokens.js';
import { Calls } from '../calls/calls.js';
import type { ExistingCall } from '../calls/domain/call.js';
import { type CallView, viewOf } from '../calls/domain/call-view.js';
import { seenBy } from '../calls/domain/decide.js';
import { callId, userId } from '../protocol/payloads.js';
import { HistoryTurns } from '../history/history-turns.js';
import { Explain, type Explanation } from '../explain/explain.js';
import { type CallPage, ListCalls } from '../history/list-calls.js';
import { Timeline, type TimelineItem } from '../history/timeline.js';
import { ConfirmReached } from '../ringing/confirm-reached.js';
import {
  callRecordSchema,
  callViewSchema,
  explanationSchema,
  pageOf,
  timelineSchema,
} from '../protocol/response-schemas.js';
import { Describe } from './api-doc.js';
import { outcome, paging, window } from './filters.js';
import { Shape } from './zod.pipe.js';

const filters = z.object({
  with: userId.optional(),
  media: z.enum(['voice', 'video'], 'must be voice or video').optional(),
  direction: z.enum(['incoming', 'outgoing'], 'must be incoming or outgoing').optional(),
  ...{ outcome, ...window, ...paging },
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
    private readonly turns: HistoryTurns,
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
    return this.turns.run(user.userId, () => this.queries.execute(new ListCalls(user.userId, query)));
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
  explain(@SpeakingUser() user: User, @Param('callId', callIdParam) id: string): Promise<Explanation> {
    return this.turns.run(user.userId, async () =>
      this.queries.execute(new Explain(await this.visible(id, user.userId))),
    );
  }

  @Get(':callId/events')
  @Describe({
    summary: 'The recorded events, in global order',
    description: '`position` rises in that order and is made from the time; a webhook’s counts all events.',
    answer: { schema: timelineSchema },
  })
  events(
    @SpeakingUser() user: User,
    @Param('callId', callIdParam) id: string,
  ): Promise<{ items: TimelineItem[] }> {
    return this.turns.run(user.userId, async () => {
      const { callId } = await this.visible(id, user.userId);
      return { items: await this.queries.execute(new Timeline(callId)) };
    });
  }

  /** For anybody but its two participants a call does not exist. */
  private async visible(id: string, asking: string): Promise<ExistingCall> {
    return seenBy(await this.calls.load(id), { userId: asking });
  }
}
