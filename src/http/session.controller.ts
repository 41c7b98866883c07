import { createHmac } from 'node:crypto';
import { Body, Controller, Get, Inject, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Public, SpeakingUser } from '../auth/principal.js';
import { type User, UserTokens } from '../auth/user-tokens.js';
import { rfc3339 } from '../calls/domain/call-view.js';
import { userId } from '../protocol/payloads.js';
import { CLOCK, type Clock } from '../time/clock.js';
import { CONFIG, type Config, type IceServer } from '../config/config.js';
import { Failure } from '../errors/api-error.js';
import { Describe } from './api-doc.js';
import { Shape } from './zod.pipe.js';

const tokenBody = z.object(
  {
    ...{ userId, name: z.string('must be text').optional() },
    scope: z
      .string('must be text')
      .max(200, 'must be at most 200 characters long')
      .optional()
      .describe('space separated; `ringway:operator` opens the routes under /v1/operator'),
  },
  'must be an object',
);

const iceAnswer = z.object({
  iceServers: z.array(
    z.object({
      urls: z.union([z.string(), z.array(z.string())]),
      username: z.string().optional(),
      credential: z.string().optional(),
    }),
  ),
  ttl: z.int(),
});

/** What a client needs before its first call. */
@ApiTags('session')
@Controller('v1')
export class SessionController {
  constructor(
    private readonly tokens: UserTokens,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post('dev/tokens')
  @Public()
  @Describe({
    summary: 'A token for trying things out (demo mode only)',
    ...{ body: tokenBody, open: true },
    answer: { status: 201, schema: z.object({ token: z.string(), expiresAt: z.iso.datetime() }) },
  })
  async token(@Body() body: unknown): Promise<{ token: string; expiresAt: string }> {
    if (!this.config.demo) throw new Failure('NOT_FOUND', 'There is nothing under this path.');
    const { userId: id, name, scope } = new Shape(tokenBody).transform(body, { type: 'body' });
    const { token, expiresAt } = await this.tokens.issueForDevelopment(id, name ?? null, scope ?? null);
    return { token, expiresAt: rfc3339(expiresAt) };
  }

  @Get('ice-servers')
  @Describe({
    summary: 'STUN and TURN servers, with credentials of limited life',
    answer: { schema: iceAnswer },
  })
  iceServers(@SpeakingUser() user: User): { iceServers: IceServer[]; ttl: number } {
    const { servers, turnSecret, turnTtlS } = this.config.ice;
    const expiry = Math.floor(this.clock.now() / 1_000) + turnTtlS;
    const iceServers = servers.map((server) =>
      turnSecret !== null && isTurn(server)
        ? { urls: server.urls, ...turnCredentials(user.userId, expiry, turnSecret) }
        : server,
    );
    return { iceServers, ttl: turnTtlS };
  }
}

const isTurn = ({ urls }: IceServer): boolean => [urls].flat().some((url) => /^turns?:/.test(url));

/** The TURN REST scheme (coturn's `use-auth-secret`): the name carries its own end, the password proves it. */
function turnCredentials(
  user: string,
  expiry: number,
  secret: string,
): { username: string; credential: string } {
  const username = `${expiry}:${user}`;
  return { username, credential: createHmac('sha1', secret).update(username).digest('base64') };
}
