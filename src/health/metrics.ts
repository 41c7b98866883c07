import { EventsHandler, type IEventHandler } from '@nestjs/cqrs';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { CallChanged } from '../calls/call-changed.js';
import { TokenPurgeBreaker } from '../ringing/token-purge-breaker.js';
import { WakeProgressed } from '../ringing/wake-progressed.js';
import { JobRunner } from '../ringing/job-runner.js';
import { SocketServer } from '../sockets/server/socket-server.js';

/** What this node has done, for Prometheus. Labels have few values: never an id. */
@EventsHandler(CallChanged, WakeProgressed)
export class Metrics implements IEventHandler<CallChanged | WakeProgressed> {
  private readonly registry = new Registry();
  private readonly events: Counter<'type'>;
  private readonly outcomes: Counter<'outcome' | 'media'>;
  private readonly pushes: Counter<'provider' | 'environment' | 'result' | 'reason'>;
  private readonly timeToRing: Histogram;

  constructor(sockets: SocketServer, runner: JobRunner, breaker: TokenPurgeBreaker) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.events = new Counter({
      name: 'ringway_call_events_total',
      help: 'Recorded events',
      labelNames: ['type'],
      registers,
    });
    this.outcomes = new Counter({
      ...{ name: 'ringway_calls_ended_total', help: 'Calls that are over' },
      ...{ labelNames: ['outcome', 'media'], registers },
    });
    this.pushes = new Counter({
      ...{ name: 'ringway_pushes_total', help: 'Answers of APNs and FCM' },
      ...{ labelNames: ['provider', 'environment', 'result', 'reason'], registers },
    });
    this.timeToRing = new Histogram({
      ...{
        name: 'ringway_time_to_ring_seconds',
        help: 'From the start of a call to the first device that shows it',
      },
      ...{ buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 45], registers },
    });
    new Gauge({
      ...{ name: 'ringway_sockets', help: 'Devices connected to this node', registers },
      collect() {
        this.set(sockets.size);
      },
    });
    new Gauge({
      name: 'ringway_job_lag_seconds',
      help: 'How late the jobs of the last look were: timers, retries, and what a dead node left',
      registers,
      collect() {
        this.set(runner.lagMs / 1_000);
      },
    });
    new Gauge({
      ...{ name: 'ringway_push_trouble', help: '1 while a bundle or project has this problem' },
      ...{ labelNames: ['app', 'problem'], registers },
      collect() {
        this.reset();
        for (const { app, problem } of breaker.troubles()) this.set({ app, problem }, 1);
      },
    });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  handle(event: CallChanged | WakeProgressed): void {
    for (const { type } of event.events) this.events.inc({ type });
    if (event instanceof CallChanged) this.countCall(event);
    else this.countPushes(event);
  }

  private countCall({ call, events }: CallChanged): void {
    if (call.state === 'ended') this.outcomes.inc({ outcome: call.outcome, media: call.media });
    const first = events.find(({ type }) => type === 'CallRinging');
    if (first && call.ringingAt === first.at) this.timeToRing.observe((first.at - call.initiatedAt) / 1_000);
  }

  private countPushes({ events }: WakeProgressed): void {
    for (const { type, data } of events) {
      if (type !== 'PushAccepted' && type !== 'PushRejected' && type !== 'PushRetried') continue;
      const { provider, environment } = data;
      const reason = 'reason' in data ? data.reason : '';
      this.pushes.inc({ provider, environment: environment ?? '', result: type, reason });
    }
  }
}
