import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { z } from 'zod';

/** One bad or missing setting: its name, and what would be right. */
export interface ConfigFault {
  name: string;
  problem: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

type UrlPart = 'user name' | 'path' | 'query' | 'fragment';

/** An empty query or fragment shows in the text only, and there it spoils what is put behind it. */
const HAS: Record<UrlPart, (url: URL) => boolean> = {
  'user name': ({ username, password }) => username !== '' || password !== '',
  path: ({ pathname }) => pathname !== '/',
  query: ({ href }) => /^[^#]*\?/.test(href),
  fragment: ({ href }) => href.includes('#'),
};

/** Reads settings one by one, and collects faults instead of stopping at the first, so that one start names them all. */
export class Settings {
  readonly faults: ConfigFault[] = [];
  constructor(private readonly env: Environment) {}

  /** An empty variable counts as absent: that is what `FOO= npm start` means to people. */
  text(name: string): string | null {
    const value = this.env[name]?.trim();
    return value ? value : null;
  }

  integer(name: string, fallback: number, [min, max]: [number, number]): number {
    const raw = this.text(name);
    if (raw === null) return fallback;
    const value = decimal(raw);
    if (value !== null && value >= min && value <= max) return value;
    this.fault(name, `must be a whole number from ${min} to ${max} (default ${fallback}), got ${quote(raw)}`);
    return fallback;
  }

  /** A number without a default: absent means off. */
  optionalInteger(name: string, range: [number, number]): number | null {
    return this.text(name) === null ? null : this.integer(name, range[0], range);
  }

  oneOf<T extends string>(name: string, values: readonly T[], fallback: T): T {
    const raw = this.text(name);
    if (raw === null || values.includes(raw as T)) return (raw as T | null) ?? fallback;
    this.fault(name, `must be ${values.join(' or ')} (default ${fallback}), got ${quote(raw)}`);
    return fallback;
  }

  /** An address or a host name. Whether it is one of this machine shows when it listens there. */
  host(name: string): string | null {
    const raw = this.text(name);
    if (raw === null || isIP(raw) !== 0 || isHostName(raw)) return raw;
    this.fault(name, `must be an IP address (IPv6 without brackets) or a host name, got ${quote(raw)}`);
    return null;
  }

  url(name: string, protocols: readonly string[]): string | null {
    const raw = this.text(name);
    if (raw === null) return null;
    // `http:host` and `redis:6379` parse as well, and whoever gets them passed on understands something else.
    const starts = protocols.some((protocol) => raw.toLowerCase().startsWith(`${protocol}//`));
    if (starts && URL.canParse(raw)) return raw;
    // Connection strings carry passwords: never quote them back.
    this.fault(name, `must be a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`);
    return null;
  }

  /** A URL without parts that nobody would use: to drop them in silence is worse than to refuse them. */
  urlWithout(unusable: readonly UrlPart[], name: string, protocols: readonly string[]): string | null {
    const url = this.url(name, protocols);
    const given = url === null ? [] : unusable.filter((part) => HAS[part](new URL(url)));
    if (given.length === 0) return url;
    this.fault(name, `must be a URL that has no ${given.join(', no ')}`);
    return null;
  }

  origin(name: string, fallback: string, protocols: readonly string[]): string {
    const url = this.urlWithout(['user name', 'path', 'query', 'fragment'], name, protocols);
    return url === null ? fallback : new URL(url).origin;
  }

  json<T>(name: string, schema: z.ZodType<T>, fallback: T): T {
    const raw = this.text(name);
    if (raw === null) return fallback;
    let value: unknown;
    try {
      value = JSON.parse(raw);
    } catch {
      this.fault(name, 'must be JSON, and does not parse');
      return fallback;
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues.slice(0, 5)) {
      this.fault(name, `${issue.path.length ? `at ${issue.path.join('.')}: ` : ''}${issue.message}`);
    }
    return fallback;
  }

  fault(name: string, problem: string): void {
    this.faults.push({ name, problem });
  }
}

/** RFC 1123, and the underscores people use; the last label is no number, or it would be half an IPv4 address. */
const isHostName = (text: string): boolean =>
  text.length <= 253 &&
  /^(?:(?!-)[A-Za-z0-9_-]{1,63}(?<!-)\.)*(?!-|\d+\.?$)[A-Za-z0-9_-]{1,63}(?<!-)\.?$/.test(text);

/** Digits only: `0x10` and `1e3` are numbers to JavaScript, but hardly what somebody means who writes them here. */
export const decimal = (text: string): number | null => (/^\d+$/.test(text) ? Number(text) : null);

/** The text of a file; null when it is absent, a folder, or not for this user to read. */
export function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** What was given, unless it is a key that was put into the wrong variable, or a URL that carries a password. */
export const quote = (value: string): string =>
  /-----|@/.test(value)
    ? 'something that is not repeated here'
    : JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
