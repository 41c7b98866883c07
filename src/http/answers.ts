import { z } from 'zod';

const person = z.object({ userId: z.string(), name: z.string().nullable() });
const time = z.iso.datetime();

/** The shape of a `CallView`, for the documentation. */
export const callViewSchema = z.object({
  callId: z.uuid(),
  version: z.int(),
  caller: person,
  callee: person,
  media: z.enum(['voice', 'video']),
  state: z.enum(['initiated', 'ringing', 'answered', 'ended']),
  outcome: z.enum(['completed', 'declined', 'busy', 'cancelled', 'missed', 'failed']).nullable(),
  endReason: z
    .enum([
      'hangup',
      'declined',
      'busy',
      'cancelled',
      'timeout',
      'unreachable',
      'max_duration',
      'participant_erased',
    ])
    .nullable(),
  ...{ initiatedAt: time, ringingAt: time.nullable(), answeredAt: time.nullable(), endedAt: time.nullable() },
  ...{ ringExpiresAt: time, answeredBy: z.string().nullable(), metadata: z.record(z.string(), z.unknown()) },
});

export const callAnswer = z.object({ call: callViewSchema });

export const callRecordSchema = callViewSchema.extend({
  direction: z.enum(['incoming', 'outgoing']),
  ringSeconds: z.int(),
  talkSeconds: z.int(),
});

export const pageOf = <S extends z.ZodType>(item: S) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });
