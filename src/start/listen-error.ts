/** The gateway cannot listen where its settings say. The message is one line: why, and which setting mends it. */
export class ListenError extends Error {}

interface Address {
  host: string;
  port: number;
}

/** What an error of a start means to an operator, if it is about the address to listen on; else the error itself. */
export function explainListenError(error: unknown, { host, port }: Address): unknown {
  const { code = '', syscall, hostname } = error as NodeJS.ErrnoException & { hostname?: string };
  // Looking up another name than HOST has failed for other reasons, such as DATABASE_URL.
  const ours = syscall === 'listen' || syscall === 'bind' || (syscall === 'getaddrinfo' && hostname === host);
  return ours ? new ListenError(explanation(code, host, port), { cause: error }) : error;
}

function explanation(code: string, host: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} is taken by another process; set PORT`;
    case 'EACCES':
      return `port ${port} may not be used by this user; set PORT (ports from 1024 on are open to everybody)`;
    case 'EADDRNOTAVAIL':
      return `HOST ${host} is no address of this machine; set HOST to one of its own, or to 0.0.0.0 for all of them`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `HOST ${host} is a name that cannot be resolved (${code}); set HOST to an address of this machine`;
    default:
      return `cannot listen on HOST ${host}, PORT ${port} (${code}); set them to what this machine offers`;
  }
}
