export type Platform = 'ios' | 'android' | 'web';
export type ApnsEnvironment = 'sandbox' | 'production';

/** One device of a user: an install, a live connection, or both. */
export interface Reach {
  deviceId: string;
  /** null for a connection of an install that never registered. */
  platform: Platform | null;
  /** Where a push goes; null when none can. */
  push: PushAddress | null;
  /** The app state of its live connection; null without one. */
  live: 'foreground' | 'background' | null;
}

export type PushAddress = {
  token: string;
  /** When the token was last registered, ms since the epoch. */
  tokenUpdatedAt: number;
  /** A push to this token has been accepted at least once. */
  tokenAccepted: boolean;
} & (
  | { provider: 'apns'; bundleId: string; environment: ApnsEnvironment }
  | { provider: 'fcm'; projectId: string | null }
);
