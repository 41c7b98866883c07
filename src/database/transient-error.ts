const OUTAGE_CODES = new Set([
  ...[
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'ENOTFOUND',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EAI_AGAIN',
  ],
  // deadlock and serialization failures: not lost, to be tried again
  ...['40001', '40P01'],
  // query_canceled (statement_timeout), lock_not_available, read-only standby after a failover, idle timeout
  ...['57014', '55P03', '25006', '25P03'],
]);

/** PostgreSQL away, restarting, out of resources or too slow: trying again may help, and the outcome may be unknown. */
export function isOutage(error: unknown): boolean {
  // Not instanceof: errors of Node itself may come from another realm.
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string') return OUTAGE_CODES.has(code) || /^(08|53|57P|58)/.test(code);
  return (
    typeof message === 'string' &&
    // "already released": TypeORM, of a transaction whose connection was lost between two of its statements
    /timeout|terminated|Connection ended|not queryable|already released|Client has encountered a connection error/i.test(
      message,
    )
  );
}
