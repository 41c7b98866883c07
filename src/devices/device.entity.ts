import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ApnsEnvironment, Platform } from './reach.js';

/** One install of the app: whose it is, and how a push reaches it. */
@Entity('devices')
export class DeviceEntity {
  @PrimaryColumn('text', { name: 'user_id' })
  userId!: string;

  @PrimaryColumn('text', { name: 'device_id' })
  deviceId!: string;

  @Column('text')
  platform!: Platform;

  @Column('text', { nullable: true })
  name!: string | null;

  @Column('text', { name: 'app_version', nullable: true })
  appVersion!: string | null;

  @Column('text', { name: 'bundle_id', nullable: true })
  bundleId!: string | null;

  /** Where its pushes go: what the app declared, or what was learned from APNs since. */
  @Column('text', { name: 'apns_environment', nullable: true })
  apnsEnvironment!: ApnsEnvironment | null;

  /** What the app had declared when its environment was corrected; null where its word still counts. */
  @Column('text', { name: 'corrected_from', nullable: true })
  correctedFrom!: ApnsEnvironment | null;

  @Column('text', { name: 'project_id', nullable: true })
  projectId!: string | null;

  /** VoIP token (iOS) or FCM token (Android); null for web and once retired. */
  @Column('text', { name: 'push_token', nullable: true })
  pushToken!: string | null;

  @Column('text', { name: 'alert_token', nullable: true })
  alertToken!: string | null;

  @Column('timestamptz', { name: 'registered_at' })
  registeredAt!: Date;

  /** When this token was last registered: an older refusal says nothing about it. */
  @Column('timestamptz', { name: 'token_updated_at', nullable: true })
  tokenUpdatedAt!: Date | null;

  /** When a push to this token was first accepted; null while none was. */
  @Column('timestamptz', { name: 'token_accepted_at', nullable: true })
  tokenAcceptedAt!: Date | null;

  @Column('timestamptz', { name: 'last_seen_at' })
  lastSeenAt!: Date;
}
