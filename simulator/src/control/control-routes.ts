import { z } from 'zod';
import type { InjectedFault } from '../core/faults.js';
import type { Device } from '../delivery/device-registry.js';
import type { Simulation } from '../simulation/simulation.js';
import {
  androidDevice,
  apnsKey,
  bundleIds,
  clockChange,
  injection,
  iosDevice,
  logQuery,
  phoneState,
  serviceAccount,
  serviceName,
  statusChange,
  wait,
} from './control-schemas.js';

interface Call {
  params: string[];
  query: URLSearchParams;
  body: unknown;
}

export interface Route {
  method: string;
  path: string;
  what: string;
  pattern: RegExp;
  run(call: Call): unknown;
}

/** The control API as a table: method, path, what it does, how. What returns nothing is answered with 204. */
export function controlRoutes(simulation: Simulation): Route[] {
  const device = (token: string): Device => {
    const found = simulation.devices().find((other) => other.token === token);
    if (found === undefined) throw new Error('No device has this token');
    return found;
  };
  const shown = ({ id, injection: what, hits }: InjectedFault): object => ({ id, ...what, hits });

  return [
    route('GET', '/origins', 'where the services listen', () => simulation.origins),
    route('GET', '/ca', 'the authority to trust, PEM', () => ({ ca: simulation.ca })),
    route('GET', '/settings', 'settings for a gateway; ?bundleIds=a,b&caFile=path', ({ query }) => {
      const asked = bundleIds.parse(Object.fromEntries(query));
      return simulation.gatewaySettings(asked.bundleIds, asked.caFile);
    }),
    route('GET', '/devices', 'all devices', () => simulation.devices()),
    route(
      'POST',
      '/devices',
      'a new device: {platform: ios, bundleId, environment, kind?} or {platform: android}',
      (call) => {
        const asked = z.discriminatedUnion('platform', [iosDevice, androidDevice]).parse(call.body);
        return asked.platform === 'ios'
          ? simulation.registerIosDevice(asked)
          : simulation.registerAndroidDevice(asked);
      },
    ),
    route(
      'PATCH',
      '/devices/:token',
      'its phone: {online?, appState?, onCall?, ios?, lateByMs?, reorders?, dozing?}',
      (call) => {
        simulation.setPhone(param(call), phoneState.parse(call.body));
        return device(param(call));
      },
    ),
    route('DELETE', '/devices/:token', 'as if the token had never been', (call) =>
      simulation.forget(param(call)),
    ),
    route(
      'POST',
      '/devices/:token/unregister',
      '410 Unregistered or 404 UNREGISTERED from now; {at?: ms}',
      (call) => simulation.unregister(param(call), statusChange.parse(call.body).at),
    ),
    route('POST', '/devices/:token/expire', '410 ExpiredToken; {at?: ms}', (call) =>
      simulation.expire(param(call), statusChange.parse(call.body).at),
    ),
    route('POST', '/devices/:token/reregister', 'good again', (call) => simulation.reregister(param(call))),
    route('POST', '/devices/:token/app-failed', 'a push went unreported, or showed nothing', (call) =>
      simulation.appFailed(param(call)),
    ),
    route('GET', '/devices/:token/deliveries', 'what has reached the app', (call) =>
      simulation.delivered(param(call)),
    ),
    route('GET', '/devices/:token/next', 'the next push, waiting for it up to ?timeoutMs=', (call) =>
      simulation.nextDelivery(param(call), wait.parse(Object.fromEntries(call.query)).timeoutMs),
    ),
    route('GET', '/keys', 'the ready APNs key', () => simulation.apnsKey),
    route('POST', '/keys', 'another key: {teamId?, environments?, topics?, relatedTo?}', ({ body }) =>
      simulation.createApnsKey(apnsKey.parse(body)),
    ),
    route('DELETE', '/keys/:keyId', 'revokes a key', (call) => simulation.revokeApnsKey(param(call))),
    route('GET', '/service-accounts', 'the ready service account', () => simulation.serviceAccount),
    route('POST', '/service-accounts', 'another one: {projectId}', ({ body }) =>
      simulation.createServiceAccount(serviceAccount.parse(body).projectId),
    ),
    route('DELETE', '/access-tokens', 'Google forgets its access tokens', () =>
      simulation.revokeAccessTokens(),
    ),
    route('GET', '/faults', 'faults in force', () => simulation.faults.map(shown)),
    route(
      'POST',
      '/faults',
      '{service, token?, connection?, times?, probability?, fault: {kind, …}}',
      ({ body }) => shown(simulation.inject(injection.parse(body))),
    ),
    route('DELETE', '/faults', 'clears all, or those of ?service=', ({ query }) =>
      simulation.clearFaults(serviceName.optional().parse(query.get('service') ?? undefined)),
    ),
    route('DELETE', '/faults/:id', 'clears one', (call) =>
      simulation.faults.find(({ id }) => String(id) === param(call))?.clear(),
    ),
    route('GET', '/connections', 'how many each service has', () => simulation.connections),
    route('POST', '/connections/:service/restart', 'drops them all', (call) =>
      simulation.restart(serviceName.parse(param(call))),
    ),
    route('GET', '/policy', 'how strict it is', () => simulation.policy),
    route('PATCH', '/policy', 'changes some of it', ({ body }) => {
      simulation.adjust(z.record(z.string(), z.looseObject({})).parse(body));
      return simulation.policy;
    }),
    route('GET', '/clock', 'simulated time, ms', () => ({ now: simulation.clock.now() })),
    route('POST', '/clock', '{advanceMs} or {now}', ({ body }) => {
      const change = clockChange.parse(body);
      if ('now' in change) simulation.clock.set(change.now);
      else simulation.clock.advance(change.advanceMs);
      return { now: simulation.clock.now() };
    }),
    route('GET', '/log', 'requests; ?service=&token=&after=seq&limit=', ({ query }) => {
      const { service, token, after, limit } = logQuery.parse(Object.fromEntries(query));
      return simulation.log
        .filter((entry) => entry.seq > after && (service ?? entry.service) === entry.service)
        .filter((entry) => token === undefined || entry.token === token)
        .slice(0, limit);
    }),
    route('GET', '/violations', 'what was let pass and is wrong all the same', () => simulation.violations),
    route('POST', '/reset', 'devices, faults, log and time as at the start', () => simulation.reset()),
  ];
}

function route(method: string, path: string, what: string, run: (call: Call) => unknown): Route {
  const pattern = new RegExp(`^${path.replace(/:[a-zA-Z]+/g, '([^/]+)')}$`);
  return { method, path, what, pattern, run };
}

function param({ params }: Call): string {
  return params[0] ?? '';
}
