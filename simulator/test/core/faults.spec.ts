import { Faults } from '../../src/core/faults.js';

const request = { token: 'abc', connection: 1 };

describe('injected faults', () => {
  it('applyFault the service they are meant for, the first one first', () => {
    const faults = new Faults();
    faults.inject({ service: 'fcm', fault: { kind: 'hang' } });
    faults.inject({ service: 'token', times: 1, fault: { kind: 'delay', ms: 5 } });
    faults.inject({ service: 'token', fault: { kind: 'disconnect' } });
    expect(faults.forRequest('apns-sandbox', request)).toBeNull();
    expect(faults.forRequest('token', request)).toEqual({ kind: 'delay', ms: 5 });
    expect(faults.forRequest('token', request)).toEqual({ kind: 'disconnect' });
  });

  it('of connections leave requests alone, and the other way round', () => {
    const faults = new Faults();
    faults.inject({ service: 'fcm', times: 1, fault: { kind: 'wrong-certificate' } });
    expect(faults.forRequest('fcm', request)).toBeNull();
    expect(faults.forConnection('token')).toBeNull();
    expect(faults.forConnection('fcm')).toBe('wrong-certificate');
    expect(faults.forConnection('fcm')).toBeNull();
    faults.inject({ service: 'fcm', fault: { kind: 'hang' } });
    expect(faults.forConnection('fcm')).toBeNull();
  });

  it('that last are on for their service, and no other', () => {
    const faults = new Faults();
    faults.inject({ service: 'token', fault: { kind: 'ignore-pings' } });
    faults.inject({ service: 'fcm', fault: { kind: 'hang' } });
    expect([faults.isOn('token', 'ignore-pings'), faults.isOn('fcm', 'ignore-pings')]).toEqual([true, false]);
  });

  it('keep a port closed until the last outage is cleared', async () => {
    const heard: string[] = [];
    const faults = new Faults((service, down) => {
      heard.push(`${service} ${down ? 'down' : 'up'}`);
      return Promise.resolve();
    });
    const first = faults.inject({ service: 'fcm', fault: { kind: 'outage' } });
    faults.inject({ service: 'fcm', fault: { kind: 'outage' } });
    faults.inject({ service: 'fcm', fault: { kind: 'hang' } }).clear();
    first.clear();
    expect(heard).toEqual(['fcm down', 'fcm down']);
    faults.clear();
    await faults.settled();
    expect(heard).toEqual(['fcm down', 'fcm down', 'fcm up']);
  });

  it('tell when a port could not be opened again, once', async () => {
    const faults = new Faults((_service, down) =>
      down ? Promise.resolve() : Promise.reject(new Error('taken')),
    );
    faults.inject({ service: 'fcm', fault: { kind: 'outage' } });
    faults.clear();
    await expect(faults.settled()).rejects.toThrow('taken');
    faults.inject({ service: 'fcm', fault: { kind: 'outage' } });
    await faults.settled();
  });
});
