import { Injectable, type LoggerService } from '@nestjs/common';
import { pino } from 'pino';

/** Facts that may stand in a log line: ids, codes, figures. Never a payload, a token, a name or SDP. */
export interface Facts {
  error?: unknown;
  [fact: string]: unknown;
}

/** How often one complaint is written. */
const QUIET_MS = 10_000;

/** The log: JSON lines for machines, or short lines for people at a terminal. */
@Injectable()
export class Log {
  private readonly logger;
  /** When a complaint was last written, and how often it was left out since. */
  private readonly complaints = new Map<string, { at: number; unsaid: number }>();

  constructor(
    level = 'info',
    private readonly now: () => number = () => performance.now(),
  ) {
    this.logger = pino(
      { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
      pino.destination({ fd: 2, sync: false }),
    );
  }

  /** What only matters when something is being looked into. */
  debug(message: string, facts: Facts = {}): void {
    this.logger.debug(clean(facts), message);
  }

  info(message: string, facts: Facts = {}): void {
    this.logger.info(clean(facts), message);
  }

  warn(message: string, facts: Facts = {}): void {
    this.logger.warn(clean(facts), message);
  }

  /**
   * For what happens to thousands at once, as in an outage: one line in ten seconds for each message, with how many were left
   * out. The message is a text of ours, so there are few of them.
   */
  warnRarely(message: string, facts: Facts = {}): void {
    const last = this.complaints.get(message);
    if (last && this.now() - last.at < QUIET_MS) {
      last.unsaid++;
      return;
    }
    this.complaints.set(message, { at: this.now(), unsaid: 0 });
    this.warn(message, { ...facts, unsaid: last?.unsaid ?? 0 });
  }

  error(message: string, facts: Facts = {}): void {
    this.logger.error(clean(facts), message);
  }
}

/**
 * Nest's own messages as lines of the log. Left to itself Nest prints an error with all that hangs on it, the parameters
 * of a failed query among them.
 */
export function nestLogger(log: Log): LoggerService {
  const say =
    (level: 'error' | 'warn') =>
    (message: unknown, ...more: unknown[]): void => {
      const error = [message, ...more].find((part) => part instanceof Error);
      log[level](typeof message === 'string' ? message : 'Nest met an error', error ? { error } : {});
    };
  const silent = (): void => undefined;
  return { fatal: say('error'), error: say('error'), warn: say('warn'), log: silent };
}

/** Of an error only what we wrote or the runtime says: its kind, message, code and stack; not the data hung on it. */
function clean({ error, ...facts }: Facts): object {
  if (error === undefined) return facts;
  if (!(error instanceof Error)) return { ...facts, error: 'not an Error' };
  const { code } = error as { code?: unknown };
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  return { ...facts, error: { name: error.name, message: error.message, code, cause, stack: error.stack } };
}
