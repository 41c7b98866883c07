/** The shape of FCM's `messages:send`, as far as a strict proto-JSON parser needs it. */
export type FieldType =
  | 'string'
  | 'bool'
  | 'int32'
  | 'float'
  | 'duration'
  | 'timestamp'
  | 'map'
  | 'struct'
  | { values: readonly string[]; name: string }
  | { list: FieldType }
  | { fields: Schema };

export type Schema = Readonly<Record<string, FieldType>>;

const fcmOptions: FieldType = { fields: { analytics_label: 'string' } };
const enumeration = (name: string, ...values: string[]): FieldType => ({
  name: `type.googleapis.com/google.firebase.fcm.v1.${name}`,
  values,
});

const androidNotification: Schema = {
  title: 'string',
  body: 'string',
  icon: 'string',
  color: 'string',
  sound: 'string',
  tag: 'string',
  click_action: 'string',
  body_loc_key: 'string',
  body_loc_args: { list: 'string' },
  title_loc_key: 'string',
  title_loc_args: { list: 'string' },
  channel_id: 'string',
  ticker: 'string',
  sticky: 'bool',
  event_time: 'timestamp',
  local_only: 'bool',
  notification_priority: enumeration(
    'AndroidNotification.NotificationPriority',
    'PRIORITY_UNSPECIFIED',
    'PRIORITY_MIN',
    'PRIORITY_LOW',
    'PRIORITY_DEFAULT',
    'PRIORITY_HIGH',
    'PRIORITY_MAX',
  ),
  default_sound: 'bool',
  default_vibrate_timings: 'bool',
  default_light_settings: 'bool',
  vibrate_timings: { list: 'duration' },
  visibility: enumeration(
    'AndroidNotification.Visibility',
    'VISIBILITY_UNSPECIFIED',
    'PRIVATE',
    'PUBLIC',
    'SECRET',
  ),
  notification_count: 'int32',
  light_settings: {
    fields: {
      color: { fields: { red: 'float', green: 'float', blue: 'float', alpha: 'float' } },
      light_on_duration: 'duration',
      light_off_duration: 'duration',
    },
  },
  image: 'string',
  bypass_proxy_notification: 'bool',
  proxy: enumeration(
    'AndroidNotification.Proxy',
    'PROXY_UNSPECIFIED',
    'ALLOW',
    'DENY',
    'IF_PRIORITY_LOWERED',
  ),
};

const message: Schema = {
  name: 'string',
  data: 'map',
  notification: { fields: { title: 'string', body: 'string', image: 'string' } },
  android: {
    fields: {
      collapse_key: 'string',
      priority: enumeration('AndroidMessagePriority', 'NORMAL', 'HIGH'),
      ttl: 'duration',
      restricted_package_name: 'string',
      data: 'map',
      notification: { fields: androidNotification },
      fcm_options: fcmOptions,
      direct_boot_ok: 'bool',
      bandwidth_constrained_ok: 'bool',
      restricted_satellite_ok: 'bool',
    },
  },
  webpush: {
    fields: {
      headers: 'map',
      data: 'map',
      notification: 'struct',
      fcm_options: { fields: { link: 'string', analytics_label: 'string' } },
    },
  },
  apns: {
    fields: {
      headers: 'map',
      payload: 'struct',
      fcm_options: { fields: { analytics_label: 'string', image: 'string' } },
      live_activity_token: 'string',
    },
  },
  fcm_options: fcmOptions,
  fid: 'string',
  token: 'string',
  topic: 'string',
  condition: 'string',
};

/** `POST /v1/projects/{project}/messages:send`; firebase.google.com/docs/reference/fcm/rest/v1/projects.messages. */
export const sendRequest: Schema = { validate_only: 'bool', message: { fields: message } };

/** Exactly one of them says who gets the message. */
export const targets = ['fid', 'token', 'topic', 'condition'] as const;
