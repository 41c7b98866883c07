import { z } from 'zod';

const MAX_METADATA_BYTES = 2_048;

/** Any UUID; hexadecimal digits compare without case (RFC 9562), and are given back in lower case. */
export const callId = z
  .string('must be a UUID')
  .regex(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, 'must be a UUID')
  .transform((id) => id.toLowerCase());

export const userId = z
  .string('must be a user id')
  .min(1, 'must not be empty')
  .max(128, 'must be at most 128 characters long');

export const deviceId = z
  .string('must be the id of this install')
  .regex(/^[A-Za-z0-9._-]{1,128}$/, 'must be 1 to 128 characters of A-Z a-z 0-9 . _ -');

const metadata = z
  .record(z.string(), z.unknown(), 'must be an object')
  .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= MAX_METADATA_BYTES, {
    message: `must be at most ${MAX_METADATA_BYTES} bytes of JSON`,
  });

export const initiatePayload = z.object(
  {
    callId,
    callee: userId,
    media: z.enum(['voice', 'video'], 'must be voice or video'),
    metadata: metadata.optional(),
  },
  'must be an object',
);
export const callPayload = z.object({ callId }, 'must be an object');
export const declineReason = z.enum(['declined', 'busy'], 'must be declined or busy');
export const declinePayload = z.object({ callId, reason: declineReason.optional() }, 'must be an object');
