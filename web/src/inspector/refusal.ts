import type { RecordedEvent } from '../operator/wire.js';
import { text } from './step.js';

/** How an APNs environment answered before the other one was asked. */
export interface Refusal {
  environment: string | null;
  /** `400 BadDeviceToken` */
  answer: string;
}

/** What the event about the second environment holds of the first one; null where only one was asked. */
export function refusalBefore({ refusedBefore }: RecordedEvent['data']): Refusal | null {
  if (typeof refusedBefore !== 'object' || refusedBefore === null) return null;
  const { environment, status, reason } = refusedBefore as Record<string, unknown>;
  return { environment: text(environment), answer: [text(status), text(reason)].filter(Boolean).join(' ') };
}
