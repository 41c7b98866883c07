import { Logger } from '@nestjs/common';
import { type Facts, Log, nestLogger } from '../../src/log/log.js';

describe('what Nest has to say', () => {
  const lines: [string, Facts | undefined][] = [];
  const log = new Log('silent');
  log.error = (message, facts) => void lines.push([message, facts]);
  log.warn = (message, facts) => void lines.push([message, facts]);
  beforeEach(() => {
    lines.length = 0;
    Logger.overrideLogger(nestLogger(log));
  });
  afterAll(() => Logger.overrideLogger(false));

  it('of a failed command is a line of the log, where only what we know of errors is printed', () => {
    const error = Object.assign(new Error('Query failed'), { parameters: ['push token'] });
    new Logger('EventBus').error('Command handler has thrown an unhandled exception.', error);
    expect(lines).toEqual([['Command handler has thrown an unhandled exception.', { error }]]);
  });

  it('is nothing while it starts', () => {
    new Logger('InstanceLoader').log('AppModule dependencies initialized');
    new Logger('NestFactory').debug('Starting');
    expect(lines).toEqual([]);
  });

  it('without a text is still a line, and never the thing itself', () => {
    new Logger('X').error({ token: 'push token' });
    expect(lines).toEqual([['Nest met an error', {}]]);
  });
});
