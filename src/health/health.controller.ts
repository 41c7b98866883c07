import { Controller, Get, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Public } from '../auth/principal.js';
import { Metrics } from './metrics.js';
import { type Health, Readiness } from './readiness.js';

const STATUS = { type: 'string', enum: ['ok', 'degraded', 'down'] };
const PART = {
  type: 'object',
  required: ['status'],
  properties: {
    status: STATUS,
    detail: { type: 'string' },
    troubles: { type: 'array', items: { type: 'object' } },
  },
};
const HEALTH = {
  type: 'object',
  required: ['status', 'parts'],
  properties: { status: STATUS, parts: { type: 'object', additionalProperties: PART } },
};

/** For orchestrators and monitoring. */
@ApiTags('operations')
@Controller()
@Public()
export class HealthController {
  constructor(
    private readonly readiness: Readiness,
    private readonly metrics: Metrics,
  ) {}

  @Get('health/live')
  @ApiOperation({ summary: 'The process lives' })
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('health/ready')
  @ApiOperation({ summary: 'Whether this node should get work' })
  @ApiResponse({ status: 200, description: 'It should, also while it is `degraded`.', schema: HEALTH })
  @ApiResponse({
    status: 503,
    description: 'It should not: the part that is `down` says why.',
    schema: HEALTH,
  })
  async ready(@Res({ passthrough: true }) response: Response): Promise<Health> {
    const health = await this.readiness.check();
    response.status(health.status === 'down' ? 503 : 200);
    return health;
  }

  @Get('metrics')
  @ApiOperation({ summary: 'For Prometheus' })
  async scrape(@Res({ passthrough: true }) response: Response): Promise<string> {
    response.type(this.metrics.contentType);
    return this.metrics.text();
  }
}
