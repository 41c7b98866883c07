import { Body, Controller, Get, HttpCode, Inject, Param, Post, Sse } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Observable } from 'rxjs';
import { z } from 'zod';
import { Public } from '../auth/principal.js';
import { initiatePayload, userId } from '../protocol/payloads.js';
import { Failure } from '../errors/api-error.js';
import { MayTake } from './deadline.interceptor.js';
import { Describe } from './api-doc.js';
import { Shape } from './zod.pipe.js';

const environment = z.enum(['sandbox', 'production'], 'must be sandbox or production');

const phone = z.object({
  ...{ id: z.string(), userId: z.string(), deviceId: z.string(), name: z.string() },
  platform: z.enum(['ios', 'android']),
  apns: z
    .object({
      build: z.enum(['debug', 'app-store']),
      ...{ actual: environment, declared: environment, recorded: z.string().nullable() },
    })
    .nullable(),
  app: z.enum(['foreground', 'background', 'killed']),
  signedIn: z.boolean(),
  answersAfterMs: z.number().nullable(),
  screen: z
    .object({
      callId: z.string(),
      stage: z.enum(['calling', 'woken', 'ringing', 'in call', 'over']),
      ...{ incoming: z.boolean(), peer: z.string(), media: z.enum(['voice', 'video']) },
      answeredAt: z.iso.datetime().nullable(),
      answersAt: z.iso.datetime().nullable().describe('when the person picks up by themselves'),
      push: z
        .object({ by: z.string(), refusedBy: z.string().nullable() })
        .nullable()
        .describe('which service brought the push, and which one refused it before'),
      ...{ ended: z.string().nullable(), ladder: z.array(z.string()) },
    })
    .nullable(),
});

const simple = ['foreground', 'background', 'kill', 'sign-out', 'register', 'answer', 'decline', 'hang-up'];
const button = z.discriminatedUnion(
  'do',
  [
    z.object({ do: z.enum(simple as [Simple, ...Simple[]]) }),
    z.object({ do: z.literal('declare'), environment }),
    z.object({ do: z.literal('auto-answer'), on: z.boolean('must be true or false') }),
    z.object({ do: z.literal('call'), callee: userId, media: initiatePayload.shape.media }),
  ],
  'must say what to do',
);

type Simple =
  ('foreground' | 'background' | 'kill' | 'sign-out' | 'register') | ('answer' | 'decline' | 'hang-up');
type Button = z.output<typeof button>;
type DemoPhone = z.output<typeof phone>;

/** The virtual phones of the demo, as whoever starts the gateway provides them. */
export interface DemoPhones {
  list(): DemoPhone[];
  /** Calls `watcher` after every change until `ended`. Returns the way to stop watching. */
  watch(watcher: () => void, ended: () => void): () => void;
  /** @returns the phone afterwards; null when there is no such phone */
  act(id: string, button: Button): Promise<DemoPhone | null>;
}

/** A phone asks the gateway for a token, a connection and an answer before it is done. */
const PRESS_MS = 20_000;

export const DEMO_PHONES = Symbol('demo phones');

/** The phones the console shows in demo mode. Elsewhere there is nothing under these paths. */
@ApiTags('demo')
@Controller('v1/demo/phones')
@Public()
export class DemoPhonesController {
  constructor(@Inject(DEMO_PHONES) private readonly given: DemoPhones | null) {}

  @Get()
  @Describe({
    summary: 'The virtual phones (demo mode only)',
    ...{ open: true, answer: { schema: z.object({ items: z.array(phone) }) } },
  })
  list(): { items: DemoPhone[] } {
    return { items: this.phones.list() };
  }

  @Sse('events')
  @Describe({
    summary: 'The virtual phones, whenever one of them changes (demo mode only)',
    description: 'Server-sent events; the data of each is what `GET /v1/demo/phones` answers.',
    open: true,
  })
  events(): Observable<{ data: object }> {
    const { phones } = this;
    return new Observable((subscriber) => {
      const tell = (): void => subscriber.next({ data: { items: phones.list() } });
      tell();
      return phones.watch(tell, () => subscriber.complete());
    });
  }

  @Post(':id')
  @MayTake(PRESS_MS)
  @HttpCode(200)
  @Describe({
    summary: 'Presses a button of a virtual phone (demo mode only)',
    description: 'One that has no meaning at the moment, as answering when it does not ring, does nothing.',
    ...{ body: button, open: true, answer: { schema: phone } },
  })
  async act(@Param('id') id: string, @Body() body: unknown): Promise<DemoPhone> {
    // Where there are no phones, what a body looks like is nobody's business.
    const { phones } = this;
    const after = await phones.act(id, new Shape(button).transform(body, { type: 'body' }));
    if (!after) throw notHere();
    return after;
  }

  private get phones(): DemoPhones {
    if (!this.given) throw notHere();
    return this.given;
  }
}

const notHere = (): Failure => new Failure('NOT_FOUND', 'There is nothing under this path.');
