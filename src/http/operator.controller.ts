import { Controller, Get, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ForOperators } from '../auth/principal.js';
import { Calls } from '../calls/calls.js';
import type { ExistingCall } from '../calls/domain/call.js';
import { type CallView, viewOf } from '../calls/domain/call-view.js';
import { CallRefused } from '../calls/domain/refusal.js';
import { callId, userId } from '../protocol/payloads.js';
import { Explain, type Explanation } from '../explain/explain.js';
import { type AllCallsPage, ListAllCalls } from '../history/list-all-calls.js';
import { Overview, type OverviewFigures } from '../history/overview.js';
import { Timeline, type TimelineItem } from '../history/timeline.js';
import {
  callViewSchema,
  explanationSchema,
  overviewSchema,
  pageOf,
  timelineSchema,
} from '../protocol/response-schemas.js';
import { MayTake } from './deadline.interceptor.js';
import { Describe } from './api-doc.js';
import { outcome, paging, window } from './filters.js';
import { Shape } from './zod.pipe.js';

const filters = z.object({
  user: userId.optional().describe('caller or callee'),
  outcome,
  state: z
    .enum(['initiated', 'ringing', 'answered', 'ended'], 'must be initiated, ringing, answered or ended')
    .optional(),
  ...{ ...window, ...paging },
});

const span = z.object(window);

const callIdParam = new Shape(callId, 'callId');

const WHO = 'Needs a user token whose `scope` claim (space separated, RFC 9068) contains `ringway:operator`.';

/** What the console asks: everybody's calls, and what became of them. */
@ApiTags('operators')
@Controller('v1/operator')
@ForOperators()
@MayTake(6_000)
export class OperatorController {
  constructor(
    private readonly queries: QueryBus,
    private readonly calls: Calls,
  ) {}

  @Get('calls')
  @Describe({
    summary: "Everybody's calls, newest first",
    description: `${WHO} Those that began between \`from\` (a day before \`to\`) and \`to\` (now).`,
    query: filters,
    answer: { schema: pageOf(callViewSchema) },
  })
  list(@Query(new Shape(filters)) query: z.output<typeof filters>): Promise<AllCallsPage> {
    return this.queries.execute(new ListAllCalls(query));
  }

  @Get('calls/:callId')
  @Describe({ summary: "Anybody's call", description: WHO, answer: { schema: callViewSchema } })
  async get(@Param('callId', callIdParam) id: string): Promise<CallView> {
    return viewOf(await this.existing(id));
  }

  @Get('calls/:callId/events')
  @Describe({
    summary: "The recorded events of anybody's call, in global order",
    ...{ description: WHO, answer: { schema: timelineSchema } },
  })
  async events(@Param('callId', callIdParam) id: string): Promise<{ items: TimelineItem[] }> {
    const call = await this.existing(id);
    return { items: await this.queries.execute(new Timeline(call.callId)) };
  }

  @Get('calls/:callId/explain')
  @Describe({
    summary: "Why anybody's call rang, or did not",
    ...{ description: WHO, answer: { schema: explanationSchema } },
  })
  async explain(@Param('callId', callIdParam) id: string): Promise<Explanation> {
    return this.queries.execute(new Explain(await this.existing(id)));
  }

  @Get('overview')
  @Describe({
    summary: 'Time to ring, outcomes, pushes, sockets and calls per minute',
    description: `${WHO} Calls that began between \`from\` (a day before \`to\`) and \`to\` (now), at most 31 days.`,
    query: span,
    answer: { schema: overviewSchema },
  })
  overview(@Query(new Shape(span)) { from, to }: z.output<typeof span>): Promise<OverviewFigures> {
    return this.queries.execute(new Overview(from, to));
  }

  private async existing(id: string): Promise<ExistingCall> {
    const call = await this.calls.load(id);
    if (call.state === 'none') throw new CallRefused('CALL_NOT_FOUND');
    return call;
  }
}
