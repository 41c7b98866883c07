import { parseArgs } from 'node:util';

/** How the simulator is started on its own. */
export interface Options {
  host: string;
  ports: Record<PortName, number>;
  bundleIds: string[];
  /** Where the PEM of the authority is written; the other files are written beside it. */
  caFile: string;
}

/** Arguments or environment variables that cannot be used. The message is one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Environment = Readonly<Record<string, string | undefined>>;

const portNames = ['apnsProduction', 'apnsSandbox', 'fcm', 'token', 'control'] as const;
type PortName = (typeof portNames)[number];
type SettingName = PortName | 'host' | 'bundleIds' | 'caFile';

interface Setting {
  flag: string;
  variable: string;
  standard: string;
  what: string;
}

const settings: Record<SettingName, Setting> = {
  apnsProduction: {
    flag: 'apns-production-port',
    variable: 'SIM_APNS_PRODUCTION_PORT',
    standard: '21950',
    what: 'APNs production',
  },
  apnsSandbox: {
    flag: 'apns-sandbox-port',
    variable: 'SIM_APNS_SANDBOX_PORT',
    standard: '21951',
    what: 'APNs sandbox',
  },
  fcm: { flag: 'fcm-port', variable: 'SIM_FCM_PORT', standard: '21952', what: 'FCM HTTP v1' },
  token: {
    flag: 'token-port',
    variable: 'SIM_TOKEN_PORT',
    standard: '21953',
    what: "Google's OAuth token endpoint",
  },
  control: {
    flag: 'control-port',
    variable: 'SIM_CONTROL_PORT',
    standard: '21954',
    what: 'control API, on the loopback interface only',
  },
  host: {
    flag: 'host',
    variable: 'SIM_HOST',
    standard: '127.0.0.1',
    what: 'address the other services listen on',
  },
  bundleIds: {
    flag: 'bundle-ids',
    variable: 'SIM_BUNDLE_IDS',
    standard: 'com.example.ringway',
    what: "apps in a Ringway gateway's settings, with commas",
  },
  caFile: {
    flag: 'ca-file',
    variable: 'SIM_CA_FILE',
    standard: '.ringway/simulator-ca.pem',
    what: 'where the CA goes; keys go beside it',
  },
};

export const usage = `Usage: ringway-simulator [options]

Both APNs environments, FCM and Google's token endpoint on this machine, as strict as the originals.

Options, with environment variable and default:
  --port <n>
      the five ports from n on; 0: any free ports
${Object.values(settings)
  .map(
    ({ flag, variable, standard, what }) =>
      `  --${flag.padEnd(22)} ${variable.padEnd(26)} ${standard}\n      ${what}`,
  )
  .join('\n')}
  --version
  --help`;

/**
 * @returns what was asked for; arguments win over the environment, a port of its own over `--port`
 * @throws UsageError
 */
export function readOptions(args: readonly string[], env: Environment): Options | 'help' | 'version' {
  const flags = parse(args);
  if (flags['help'] === true) return 'help';
  if (flags['version'] === true) return 'version';
  const text = (name: SettingName): string => {
    const { flag, variable, standard } = settings[name];
    return String(flags[flag] ?? env[variable] ?? standard);
  };
  const first = flags['port'] === undefined ? null : port('--port', String(flags['port']));
  const portOf = (name: PortName, index: number): number => {
    const { flag, variable } = settings[name];
    if (flags[flag] !== undefined) return port(`--${flag}`, text(name));
    if (first === null) return port(env[variable] === undefined ? `--${flag}` : variable, text(name));
    return first === 0 ? 0 : port('--port', String(first + index));
  };
  return {
    host: text('host'),
    ports: Object.fromEntries(portNames.map((name, i) => [name, portOf(name, i)])) as Options['ports'],
    bundleIds: text('bundleIds').split(',').filter(Boolean),
    caFile: text('caFile'),
  };
}

function parse(args: readonly string[]): Record<string, string | boolean | undefined> {
  const flags = ['port', ...Object.values(settings).map(({ flag }) => flag)];
  const strings = flags.map((flag) => [flag, { type: 'string' as const }] as const);
  try {
    return parseArgs({
      args: [...args],
      options: { ...Object.fromEntries(strings), help: { type: 'boolean' }, version: { type: 'boolean' } },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0]);
  }
}

function port(name: string, text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new UsageError(`${name} must be a port, not '${text}'`);
  return Number(text);
}
