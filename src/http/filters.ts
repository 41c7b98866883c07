import { z } from 'zod';

const time = z
  .union(
    [z.iso.datetime({ offset: true, local: true }), z.iso.date()],
    'must be a time such as 2026-11-22T15:04:05Z, or a day',
  )
  .transform((text) => Date.parse(text));

/** Calls that began at `from` or later, and before `to`. */
export const window = { from: time.optional(), to: time.optional() };

export const outcome = z
  .enum(
    ['completed', 'declined', 'busy', 'cancelled', 'missed', 'failed'],
    'must be completed, declined, busy, cancelled, missed or failed',
  )
  .optional();

/** Of every list: newest first, with an opaque cursor. */
export const paging = {
  cursor: z.string('must be a cursor').max(200, 'is not a cursor that this list gave out').optional(),
  limit: z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(1, 'must be at least 1')
    .max(100, 'must be at most 100')
    .default(25),
};
