import { Module } from '@nestjs/common';
import { AnswerCallHandler } from './answer-call.js';
import { CallQuota } from './call-quota.js';
import { Calls } from './calls.js';
import { CancelCallHandler } from './cancel-call.js';
import { CloseCallHandler } from './close-call.js';
import { DeclineCallHandler } from './decline-call.js';
import { EndCallHandler } from './end-call.js';
import { InitiateCallHandler } from './initiate-call.js';
import { LiveCalls } from './live-calls.js';
import { RingCallHandler } from './ring-call.js';

const handlers = [
  InitiateCallHandler,
  RingCallHandler,
  AnswerCallHandler,
  DeclineCallHandler,
  CancelCallHandler,
  EndCallHandler,
  CloseCallHandler,
];

@Module({ providers: [Calls, LiveCalls, CallQuota, ...handlers], exports: [Calls, CallQuota] })
export class CallsModule {}
