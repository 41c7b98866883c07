import net from 'node:net';
import { type Options, readOptions } from './options.js';

/**
 * Preloaded with `node --import ringway-simulator/redirect`, for clients whose hosts are fixed, such as firebase-admin:
 * connections to Apple's and Google's hosts go to the simulator. All above TCP (server name, certificate check, request)
 * is as the client does it. The simulator is found by the environment variables it is started with, or their defaults.
 */
const { host, ports } = readOptions([], process.env) as Options;
const targets: Record<string, number> = {
  'api.push.apple.com': ports.apnsProduction,
  'api.sandbox.push.apple.com': ports.apnsSandbox,
  'api.development.push.apple.com': ports.apnsSandbox,
  'fcm.googleapis.com': ports.fcm,
  'oauth2.googleapis.com': ports.token,
  'www.googleapis.com': ports.token,
};

interface Destination {
  host?: string;
}
type Connect = (this: net.Socket, ...args: unknown[]) => net.Socket;

const prototype = net.Socket.prototype as unknown as { connect: Connect };
const connect = prototype.connect;

prototype.connect = function redirected(...args) {
  // Node calls it with its arguments in an array, everybody else with the arguments themselves.
  const normalized = Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
  const asked = normalized[0];
  const name = typeof asked === 'object' && asked !== null ? (asked as Destination).host : undefined;
  const port = name === undefined ? undefined : targets[name];
  if (port !== undefined) normalized[0] = { ...(asked as object), host, port, lookup: undefined };
  else if (/\.(googleapis|push\.apple)\.com$/.test(name ?? ''))
    throw new Error(`ringway-simulator does not simulate ${name}`);
  return connect.apply(this, args);
};
