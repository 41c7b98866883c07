// Preloaded into a foreign client: connections to Google's hosts go to the simulator's ports, with everything above TCP
// (server name, certificate check, request line) as the client does it. Nothing in the client is touched.
import net from 'node:net';

const targets = JSON.parse(process.env.REDIRECT ?? '{}');
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function redirected(...args) {
  const options = Array.isArray(args[0]) ? args[0][0] : args[0];
  const target = targets[options?.host];
  if (target !== undefined) {
    const moved = { ...options, host: '127.0.0.1', port: target, lookup: undefined };
    if (Array.isArray(args[0])) args[0][0] = moved;
    else args[0] = moved;
  } else if (typeof options === 'object' && options?.host?.endsWith('googleapis.com')) {
    throw new Error(`A test must not leave this machine: ${options.host}`);
  }
  return connect.apply(this, args);
};
