import { z } from 'zod';

const MAX_METADATA_BYTES = 2_048;

/** Any UUID; hexadecimal digits compare without case (RFC 9562), and are given back in lower case. */
export const callId = z
  .string('must be a UUID')
  .regex(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, 'must be a UUID')
  .transform((id) => id.toLowerCase());

const MAX_USER_ID = 128;

/** Characters are code points, as in the limits of JSON Schema and of PostgreSQL: an emoji is one, not two. */
export const userId = z
  .string('must be a user id')
  .min(1, 'must not be empty')
  .refine((id) => hasAtMost(MAX_USER_ID, id), `must be at most ${MAX_USER_ID} characters long`)
  .meta({ maxLength: MAX_USER_ID });

/** A text that is far too long is not taken apart to find that out. */
const hasAtMost = (characters: number, text: string): boolean =>
  text.length <= 2 * characters && [...text].length <= characters;

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
