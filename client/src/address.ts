import { RingwayError } from './error.js';

/** Where a gateway is, for both ways to speak with it. */
export interface Address {
  /** Without a slash at its end; HTTP paths go behind it. */
  http: string;
  /** Where sockets connect: never with a path, which socket.io would take for a namespace. */
  origin: string;
  /** Where on that origin the sockets are served. */
  socketPath: string;
}

/** By hand, because the `URL` of React Native does not know its own parts. */
const ADDRESS = /^(https?:\/\/[^/?#\s]+)(\/[^?#\s]*)?$/i;

/** @throws RingwayError `INVALID`, for what can never be reached */
export function addressOf(url: string): Address {
  const [, origin, path = ''] = ADDRESS.exec(url) ?? [];
  if (origin === undefined) {
    const message = `url must be where the gateway is, like https://calls.example.com; it is ${JSON.stringify(url)}.`;
    throw new RingwayError('INVALID', message, { details: [{ path: 'url', message }] });
  }
  const prefix = path.replace(/\/+$/, '');
  return { http: origin + prefix, origin, socketPath: `${prefix}/socket.io` };
}
