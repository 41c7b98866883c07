const minute = 60_000;
const hour = 60 * minute;

/**
 * The numbers the originals do not publish, and the points their documentation leaves open: how strict the simulator is.
 * The defaults are the strict reading.
 */
export const strict = {
  apns: {
    /** What real APNs sends; its documentation spells it `BadEnvironmentKeyIdInToken`. */
    badEnvironmentReason: 'BadEnvironmentKeyInToken' as
      'BadEnvironmentKeyInToken' | 'BadEnvironmentKeyIdInToken',
    /** A provider token issued more than an hour ahead of our clock. */
    futureIssuedAt: 'refuse' as 'refuse' | 'accept',
    /** `Bearer` for `bearer`. */
    bearerCase: 'refuse' as 'refuse' | 'accept',
    /** A second team on one connection. */
    secondTeam: 'refuse' as 'refuse' | 'accept',
    /** `apns-push-type: voip` with another topic than `….voip`, or the reverse. */
    pushTypeMismatch: 'refuse' as 'refuse' | 'accept',
    /** Accepted with 200 and never shown, or shown all the same. */
    missingPushType: 'drop' as 'drop' | 'deliver',
    /** Clients without ALPN. */
    alpn: 'required' as 'required' | 'optional',
    maxConcurrentStreams: 1000,
    providerTokenLifetimeMs: hour,
    providerTokenMinAgeMs: 20 * minute,
    /** More pushes than this to one token in the window are 429 TooManyRequests; 0: never. */
    pushesPerToken: 100,
    pushesPerTokenWindowMs: 10_000,
    /** Errors on a connection (BadDeviceToken counts five) before its streams are halved, and before it is closed. */
    errorsBeforeSlowdown: 10,
    errorsBeforeGoaway: 30,
    /** Needless new connections of one sender in a minute before it is a violation, and before they are refused. */
    connectionsBeforeViolation: 10,
    connectionsBeforeRefusal: 30,
  },
  fcm: {
    unauthenticatedBody: 'json' as 'json' | 'html',
    maxConcurrentStreams: 100,
    idleMs: 4 * minute,
    maxAgeMs: hour,
    /** Messages to one device in a minute before 429 QUOTA_EXCEEDED; 0: never. */
    messagesPerDeviceAndMinute: 240,
    retryAfterS: 60,
    staleAfterMs: 270 * 24 * hour,
    /** A time to live longer than any ring is a violation. */
    longestRingMs: 3 * minute,
  },
  device: {
    /** Unreported VoIP pushes before PushKit goes silent. */
    unreportedBeforeSilence: 3,
    /** HIGH messages that showed nothing before they are treated as NORMAL. */
    highWithoutResult: 10,
    /** An iOS 26.4 app need not report a push older than this. */
    stalePushMs: 15_000,
  },
  token: {
    /** Grants to one service account in 50 minutes before it is a violation. */
    grantsPer50Minutes: 1,
  },
};

export type Policy = typeof strict;
export type PolicyPatch = { [Section in keyof Policy]?: Partial<Policy[Section]> };

const choices: Record<string, readonly string[]> = {
  badEnvironmentReason: ['BadEnvironmentKeyInToken', 'BadEnvironmentKeyIdInToken'],
  futureIssuedAt: ['refuse', 'accept'],
  bearerCase: ['refuse', 'accept'],
  secondTeam: ['refuse', 'accept'],
  pushTypeMismatch: ['refuse', 'accept'],
  missingPushType: ['drop', 'deliver'],
  alpn: ['required', 'optional'],
  unauthenticatedBody: ['json', 'html'],
};

/** Changes `policy` in place, so that everybody who holds it sees it. Throws, naming what it does not know. */
export function adjust(policy: Policy, patch: object): void {
  for (const [section, values] of Object.entries(patch)) {
    const known = (policy as unknown as Record<string, Record<string, unknown> | undefined>)[section];
    if (known === undefined || typeof values !== 'object' || values === null) {
      throw new Error(`There is no policy '${section}'`);
    }
    for (const [name, value] of Object.entries(values as object)) {
      const current = known[name];
      const possible = choices[name];
      const fits = possible !== undefined ? possible.includes(String(value)) : typeof value === 'number';
      if (current === undefined || typeof value !== typeof current || !fits) {
        const expected = possible?.join(' or ') ?? 'a number';
        throw new Error(`Policy '${section}.${name}' must be ${current === undefined ? 'known' : expected}`);
      }
      known[name] = value;
    }
  }
}

export function strictPolicy(): Policy {
  return structuredClone(strict);
}
