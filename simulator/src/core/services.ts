/** The servers of one simulator, by the names that its log, its faults and its control API give them. */
export const serviceNames = ['apns-production', 'apns-sandbox', 'fcm', 'token'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** The environments of APNs. A device token is good in one of them. */
export const environments = ['production', 'sandbox'] as const;
export type Environment = (typeof environments)[number];
