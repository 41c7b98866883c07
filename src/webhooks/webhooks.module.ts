import { Module } from '@nestjs/common';
import { Webhooks } from './webhooks.js';

@Module({ providers: [Webhooks] })
export class WebhooksModule {}
