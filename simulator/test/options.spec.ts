import { readOptions } from '../src/options.js';

const ports = (args: string[], env: Record<string, string> = {}): number[] => {
  const options = readOptions(args, env);
  return typeof options === 'string' ? [] : Object.values(options.ports);
};

describe('the options of the simulator', () => {
  it('are five ports beside each other, loopback and one app when nothing is said', () => {
    expect(readOptions([], {})).toEqual({
      host: '127.0.0.1',
      ports: { apnsProduction: 21_950, apnsSandbox: 21_951, fcm: 21_952, token: 21_953, control: 21_954 },
      bundleIds: ['com.example.ringway'],
      caFile: '.ringway/simulator-ca.pem',
    });
  });

  it('come from the environment, and an argument wins over it', () => {
    const env = { SIM_FCM_PORT: '4000', SIM_HOST: '::1' };
    expect(readOptions([], env)).toMatchObject({ host: '::1', ports: { fcm: 4000, token: 21_953 } });
    expect(readOptions(['--fcm-port', '5000', '--host', '127.0.0.2'], env)).toMatchObject({
      host: '127.0.0.2',
      ports: { fcm: 5000 },
    });
  });

  it('move all ports with --port, but for one that has its own argument', () => {
    expect(ports(['--port', '4000'], { SIM_FCM_PORT: '9' })).toEqual([4000, 4001, 4002, 4003, 4004]);
    expect(ports(['--port', '4000', '--token-port', '7'])).toEqual([4000, 4001, 4002, 7, 4004]);
    expect(ports(['--port', '0'])).toEqual([0, 0, 0, 0, 0]);
  });

  it.each([
    [['--fcm-port', '99999'], {}, /--fcm-port must be a port, not '99999'/],
    [[], { SIM_FCM_PORT: 'http' }, /SIM_FCM_PORT must be a port, not 'http'/],
    [['--port', '65532'], {}, /--port must be a port, not '65536'/],
    [['--port', '-1'], {}, /--port/],
  ])('refuse %j with %j', (args, env, why) => {
    expect(() => readOptions(args, env)).toThrow(why);
  });
});
