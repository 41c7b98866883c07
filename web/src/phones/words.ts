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
  killed: 'The app was killed',
  'signed-out': 'Signed out',
  merged: 'Both called: one call',
};

/** @param incoming a call that came in and was not answered was missed, not cancelled */
export function outcomeInWords(outcome: string | null, incoming: boolean): string {
  if (incoming && (outcome === 'cancelled' || outcome === 'missed')) return 'Missed call';
  return OUTCOMES[outcome ?? ''] ?? 'Over';
}

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
