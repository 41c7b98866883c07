import type { DeviceFacts, Rejection } from './device-timeline.js';

type Pushed = NonNullable<DeviceFacts['push']>;
interface Fault {
  clause: string;
  code:
    | ('configuration_fault' | 'token_retired' | 'token_kept' | 'wrong_environment')
    | ('push_refused' | 'no_device');
}

/** Why a push was refused for good, as a clause that begins a sentence. Pure. */
export function pushFault(device: DeviceFacts, name: string, endedAt: number): Fault {
  const push = device.push!;
  const { provider } = push;
  const rejected = push.rejected!;
  if (device.retired !== null) {
    const where = isRefusedEverywhere(push, rejected) ? ' in both environments' : '';
    return {
      code: 'token_retired',
      clause: `${provider} says that the push token of ${name} is dead${where} (${device.retired}), so it was retired; the app must register again`,
    };
  }
  const own = ownWords(push, rejected, name);
  if (own) return own;
  if (/^HTTP \d+$/.test(rejected.reason))
    return {
      code: rejected.configuration ? 'configuration_fault' : 'push_refused',
      clause: `${provider} answered the push for ${name} with something Ringway does not understand (${rejected.reason}); a proxy or a wrong address may be in between`,
    };
  if (rejected.configuration)
    return {
      code: 'configuration_fault',
      clause: `${provider} refused to push for ${push.app}: ${rejected.reason}; the configuration of this app needs mending, the phone is not at fault`,
    };
  if (rejected.reason === 'BadDeviceToken') return badToken(push, rejected, name, endedAt);
  return { code: 'push_refused', clause: `${provider} refused the push for ${name}: ${rejected.reason}` };
}

/** A token that was kept although APNs does not know it. */
function badToken(push: Pushed, rejected: Rejection, name: string, endedAt: number): Fault {
  if (isRefusedEverywhere(push, rejected))
    return {
      code: 'token_kept',
      clause: `APNs does not know the token of ${name} in either environment (BadDeviceToken); it was kept, because most pushes for ${push.app} are refused as bad tokens, which is rather the fault of a key or bundle id`,
    };
  const { environment } = rejected;
  const other = environment === 'sandbox' ? 'production' : 'sandbox';
  const untried =
    rejected.at >= endedAt
      ? `the call was over before ${other} could be tried`
      : `there is no key for ${push.app} to try ${other}`;
  return {
    code: 'wrong_environment',
    clause: `APNs ${environment} does not know the token of ${name} (BadDeviceToken), and ${untried}; the token was kept`,
  };
}

/** Two environments were asked when the last answer is not from the first one, or a retry has found one to be wrong. */
const isRefusedEverywhere = (push: Pushed, { environment }: Rejection): boolean =>
  push.provider === 'APNs' && (environment !== push.environment || push.refusedIn !== null);

/** What kept the gateway from sending: nobody else was asked, so nobody else refused. */
function ownWords(push: Pushed, { reason, environment }: Rejection, name: string): Fault | null {
  const { app, provider } = push;
  const mend = 'the phone is not at fault';
  const fault = (clause: string): Fault => ({ code: 'configuration_fault', clause: `${clause}; ${mend}` });
  switch (reason) {
    case 'NoApnsKey':
      return fault(`No APNs key is configured for ${app} in ${environment}`);
    case 'NoFcmApp':
      // An install that names no project belongs to the only one there is.
      return fault(
        app === 'fcm'
          ? `${name} names no Firebase project, and not exactly one is configured`
          : `No FCM key is configured for project ${app}`,
      );
    case 'BadApnsKey':
      return fault(`The APNs key configured for ${app} cannot sign`);
    case 'BadServiceAccount':
      return fault(`The service account configured for project ${app} cannot sign`);
    case 'NoPushToken':
      return {
        code: 'no_device',
        clause: `${name} was signed out or its push token retired before the push went out, so nothing could be sent`,
      };
    case 'TokenPaused':
      return {
        code: 'token_kept',
        clause: `The push for ${name} was not sent: its token was refused as bad within the last minute, and kept`,
      };
    case 'PayloadTooLarge':
      return { code: 'push_refused', clause: `The push for ${name} was not sent: it is too large` };
    case 'InvalidRequest':
      return { code: 'push_refused', clause: `The push for ${name} was not sent: it cannot be written` };
  }
  if (!reason.startsWith('AccessToken.')) return null;
  const why = reason.slice('AccessToken.'.length);
  return fault(`Google gave no access token for project ${app} (${why}), so ${provider} could not be asked`);
}
