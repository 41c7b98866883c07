import { z } from 'zod';

const person = z.object({ userId: z.string(), name: z.string().nullable() });
const time = z.iso.datetime();

/** The shape of a `CallView`, for the documentation. */
export const callViewSchema = z
  .object({
    callId: z.guid(),
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
        'superseded',
      ])
      .nullable(),
    ...{
      initiatedAt: time,
      ringingAt: time.nullable(),
      answeredAt: time.nullable(),
      endedAt: time.nullable(),
    },
    ...{
      ringExpiresAt: time,
      answeredBy: z.string().nullable(),
      metadata: z.record(z.string(), z.unknown()),
    },
  })
  .meta({ title: 'CallView' });

export const callAnswer = z.object({ call: callViewSchema });
export const initiatedAnswer = callAnswer.extend({
  merged: z
    .literal(true)
    .optional()
    .describe('the callee was already calling the caller: that call, answered by this device'),
});
export const cancelledAnswer = z.object({ call: callViewSchema.nullable() });

export const callRecordSchema = callViewSchema.extend({
  direction: z.enum(['incoming', 'outgoing']),
  ringSeconds: z.int(),
  talkSeconds: z.int(),
});

export const pageOf = <S extends z.ZodType>(item: S) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

export const timelineSchema = z.object({
  items: z.array(
    z.object({
      ...{ position: z.int(), stream: z.enum(['call', 'wake']), version: z.int(), type: z.string() },
      ...{ at: z.iso.datetime(), data: z.record(z.string(), z.unknown()) },
    }),
  ),
});

export const explanationSchema = z.object({
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

const share = z.object({
  outcome: z.enum(['completed', 'declined', 'busy', 'cancelled', 'missed', 'failed']),
  calls: z.int(),
});

export const overviewSchema = z.object({
  ...{ from: time, to: time },
  calls: z.object({
    total: z.int(),
    live: z.int().describe('those of them that are not over'),
    stepSeconds: z.int().describe('how long each step of the series is'),
    series: z.array(z.object({ at: time, calls: z.int() })),
  }),
  timeToRing: z
    .object({
      ...{ measured: z.int(), medianMs: z.int().nullable(), p99Ms: z.int().nullable() },
      spread: z
        .array(z.object({ uptoMs: z.int().nullable(), calls: z.int() }))
        .describe('how many rang within each span, which begins where the one before ends'),
    })
    .describe('from CallInitiated to the first CallRinging'),
  outcomes: z.array(share),
  pushes: z.array(
    z.object({
      result: z.enum(['accepted', 'rejected', 'retried', 'environment-corrected', 'token-retired']),
      provider: z.enum(['apns', 'fcm']),
      environment: z.string().nullable(),
      ...{ status: z.int().nullable(), reason: z.string().nullable(), count: z.int() },
    }),
  ),
  sockets: z.object({
    node: z.int().describe('of the node that answers'),
    ...{ cluster: z.int(), nodes: z.int() },
  }),
});
