/** What the console calls people, outcomes and times. */

export const titled = (userId: string): string => userId.charAt(0).toUpperCase() + userId.slice(1);

export const nameOf = ({ userId, name }: { userId: string; name: string | null }): string =>
  name ?? titled(userId);

export const initials = (name: string): string =>
  name
    .split(/\s+/)
    .map((word) => word.charAt(0).toUpperCase())
    .slice(0, 2)
    .join('');

const OUTCOMES: Record<string, string> = {
  completed: 'Call ended',
  declined: 'Declined',
  busy: 'Busy',
  cancelled: 'Cancelled',
  missed: 'No answer',
  failed: 'Could not be reached',
  'answered-elsewhere': 'Answered on another phone',
  killed: 'Ended: the app was killed here',
  'signed-out': 'Ended: this phone was signed out',
  merged: 'Both called: one call',
};

/** @param incoming a call that came in and was not answered was missed, not cancelled */
export function outcomeInWords(outcome: string | null, incoming: boolean): string {
  if (incoming && (outcome === 'cancelled' || outcome === 'missed')) return 'Missed call';
  return OUTCOMES[outcome ?? ''] ?? 'Over';
}

/** `21:04`, everywhere. */
export const timeOf = (date: Date): string =>
  date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** 65 → `1:05` */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** The steps of the honest ring ladder (contract, section 4). */
export const STEPS: Record<string, string> = {
  'socket-delivered': 'Delivered to an open app',
  'push-sent': 'Push sent',
  'push-accepted': 'Push accepted',
  'push-failed': 'Push refused',
  unreachable: 'No phone can be reached',
  ringing: 'Ringing',
};

const PUSH_SERVICES: Record<string, { vendor: string; environment: string | null }> = {
  'apns-sandbox': { vendor: 'Apple', environment: 'sandbox' },
  'apns-production': { vendor: 'Apple', environment: 'production' },
  fcm: { vendor: 'Google', environment: null },
};

interface PushWay {
  by: string;
  refusedBy: string | null;
}

/** `Push from Apple (sandbox)` */
export function pushInWords({ by }: PushWay): string {
  const { vendor, environment } = PUSH_SERVICES[by] ?? { vendor: by, environment: null };
  return `Push from ${vendor}${environment === null ? '' : ` (${environment})`}`;
}

/** `Sandbox refused, production accepted`; null when the first push was right. */
export function healedInWords(push: PushWay | null): string | null {
  const refused = PUSH_SERVICES[push?.refusedBy ?? '']?.environment;
  const accepted = PUSH_SERVICES[push?.by ?? '']?.environment;
  return refused && accepted ? `${titled(refused)} refused, ${accepted} accepted` : null;
}
