import { z } from 'zod';
import { environments, serviceNames } from '../core/services.js';

const ms = z.number().nonnegative();
const environment = z.enum(environments);
const accepted = z.boolean().optional();

export const serviceName = z.enum(serviceNames);
export const bundleIds = z.object({
  bundleIds: z.string().transform((text) => text.split(',').filter(Boolean)),
  caFile: z.string().default('simulator-ca.pem'),
});
export const iosDevice = z.strictObject({
  platform: z.literal('ios'),
  bundleId: z.string().min(1),
  environment,
  kind: z.enum(['voip', 'alert']).optional(),
  tokenLength: z.number().int().positive().max(2048).optional(),
  phone: z.string().optional(),
});
export const androidDevice = z.strictObject({
  platform: z.literal('android'),
  projectId: z.string().min(1).optional(),
  phone: z.string().optional(),
});
export const phoneState = z.strictObject({
  online: z.boolean().optional(),
  appState: z.enum(['foreground', 'background', 'killed', 'force-stopped']).optional(),
  onCall: z.boolean().optional(),
  ios: z
    .string()
    .regex(/^\d+(\.\d+)*$/)
    .optional(),
  lateByMs: ms.optional(),
  reorders: z.boolean().optional(),
  dozing: z.boolean().optional(),
});
export const statusChange = z.strictObject({ at: ms.optional() });
export const wait = z.object({ timeoutMs: z.coerce.number().int().positive().max(120_000).default(5000) });
export const apnsKey = z.strictObject({
  teamId: z.string().min(1).optional(),
  environments: z.array(environment).min(1).optional(),
  topics: z.union([z.literal('*'), z.array(z.string())]).optional(),
  relatedTo: z.string().optional(),
});
export const serviceAccount = z.strictObject({ projectId: z.string().regex(/^[a-z0-9-]+$/) });
export const clockChange = z.union([z.strictObject({ now: ms }), z.strictObject({ advanceMs: ms })]);
export const logQuery = z.object({
  service: serviceName.optional(),
  token: z.string().optional(),
  after: z.coerce.number().default(0),
  limit: z.coerce.number().int().positive().default(1000),
});

const fault = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('answer'),
    status: z.number().int().min(200).max(599),
    reason: z.string().optional(),
    timestamp: ms.optional(),
    retryAfter: z.union([z.number(), z.string()]).optional(),
    body: z.string().optional(),
    contentType: z.string().optional(),
    accepted,
  }),
  z.strictObject({ kind: z.literal('delay'), ms: ms.max(600_000) }),
  z.strictObject({ kind: z.literal('hang'), accepted }),
  z.strictObject({
    kind: z.literal('reset-stream'),
    code: z.enum(['REFUSED_STREAM', 'INTERNAL_ERROR', 'CANCEL']),
    accepted,
  }),
  z.strictObject({
    kind: z.literal('goaway'),
    code: z.number().int().nonnegative().optional(),
    lastStream: z.union([z.enum(['before', 'this']), z.number().int().nonnegative()]).optional(),
    debug: z.string().optional(),
    twice: z.boolean().optional(),
  }),
  z.strictObject({ kind: z.literal('disconnect'), accepted }),
  z.strictObject({ kind: z.literal('freeze'), accepted }),
  z.strictObject({ kind: z.literal('settings'), maxConcurrentStreams: z.number().int().nonnegative() }),
  z.strictObject({ kind: z.literal('refuse-connection') }),
  z.strictObject({ kind: z.literal('wrong-certificate') }),
  z.strictObject({ kind: z.literal('ignore-pings') }),
  z.strictObject({ kind: z.literal('outage') }),
]);

export const injection = z.strictObject({
  service: serviceName,
  token: z.string().optional(),
  connection: z.number().int().optional(),
  times: z.number().int().positive().optional(),
  probability: z.number().min(0).max(1).optional(),
  fault,
});
