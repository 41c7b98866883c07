import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { AnswerCall } from '../../calls/answer-call.js';
import { CallQuota } from '../../calls/call-quota.js';
import { CancelCall } from '../../calls/cancel-call.js';
import type { Change } from '../../calls/calls.js';
import { DeclineCall } from '../../calls/decline-call.js';
import type { ExistingCall } from '../../calls/domain/call.js';
import { rfc3339, viewOf } from '../../calls/domain/call-view.js';
import { EndCall } from '../../calls/end-call.js';
import { InitiateCall } from '../../calls/initiate-call.js';
import { RingCall } from '../../calls/ring-call.js';
import { UserTokens } from '../../auth/user-tokens.js';
import { KeyedQueue } from '../../concurrency/keyed-queue.js';
import { ANSWERED_IN_TIME } from '../../time/deadline.js';
import { Failure } from '../../errors/api-error.js';
import { Quotas } from '../../limits/quotas.js';
import { Arrivals } from './session-lifecycle.js';
import { MediaStates } from '../relay/media-states.js';
import { type Session, actorOf } from '../session/sessions.js';
import { Signals } from '../relay/signal-relay.js';
import type { ClientEvent, PayloadOf } from '../../protocol/commands.js';

type Run = { [E in ClientEvent]: (session: Session, payload: PayloadOf<E>) => Promise<object> };

const ofCall = (call: ExistingCall | null): object => ({ call: call && viewOf(call) });
const ofChange = ({ call }: Change): object => ofCall(call);

/** What each event of the wire table does. */
@Injectable()
export class SocketCommands {
  constructor(
    private readonly bus: CommandBus,
    private readonly quota: CallQuota,
    private readonly signals: Signals,
    private readonly media: MediaStates,
    private readonly arrivals: Arrivals,
    private readonly tokens: UserTokens,
    private readonly quotas: Quotas,
  ) {}

  /** A sync may be large: those of one user wait for each other, and count. */
  private readonly syncs = new KeyedQueue();

  run<E extends ClientEvent>(session: Session, event: E, payload: PayloadOf<E>): Promise<object> {
    return this.table[event](session, payload);
  }

  private readonly table: Run = {
    'call:initiate': async (session, { callId, callee, media, metadata = {} }) => {
      const command = new InitiateCall(actorOf(session), callId, callee, media, metadata);
      const { call, merged } = await this.quota.charge({ caller: session.userId, callee, callId }, () =>
        this.bus.execute(command),
      );
      return { ...ofCall(call), ...(merged ? { merged } : {}) };
    },
    'call:ringing': async (session, { callId }) =>
      ofChange(await this.bus.execute(new RingCall(actorOf(session), callId))),
    'call:answer': async (session, { callId }) =>
      ofChange(await this.bus.execute(new AnswerCall(actorOf(session), callId))),
    'call:decline': async (session, { callId, reason }) =>
      ofChange(await this.bus.execute(new DeclineCall(actorOf(session), callId, reason))),
    'call:cancel': async (session, { callId }) =>
      ofCall(await this.bus.execute(new CancelCall(actorOf(session), callId))),
    'call:end': async (session, { callId }) =>
      ofChange(await this.bus.execute(new EndCall(actorOf(session), callId))),
    'call:signal': async (session, { callId, signal }) => {
      return { seq: await this.signals.send(session, callId, signal) };
    },
    'call:media': async (session, { callId, audio, video, held = false }) =>
      ofCall(await this.media.change(session, { callId, audio, video, held })),
    'device:state': async (session, { state }) => {
      session.appState = state;
      await this.arrivals.register(session);
      return {};
    },
    sync: (session) => this.syncs.run(session.userId, () => this.sync(session), ANSWERED_IN_TIME),
    'session:refresh': async (session, { token }) => {
      const user = await this.tokens.verify(token);
      if (user.userId !== session.userId)
        throw new Failure('UNAUTHENTICATED', 'The token is of another user.');
      session.name = user.name;
      this.arrivals.extend(session, user.expiresAt);
      return { expiresAt: rfc3339(user.expiresAt) };
    },
  };

  private async sync(session: Session): Promise<object> {
    this.quotas.takeBytesOfUser(session.userId, 0);
    const { sync } = await this.arrivals.syncOf(session);
    this.quotas.chargeAnswer(session.userId, sync.calls.text.length + sync.signals.text.length);
    return sync;
  }
}
