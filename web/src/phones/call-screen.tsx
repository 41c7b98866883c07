import type { Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Call } from 'ringway-client';
import { Link, callPath } from '../router.js';
import type { BrowserPhone } from './browser-phone.js';
import type { CallSession } from './call-media.js';
import { Icon } from './icons.js';
import type { Ladder } from './ladder.js';
import { PeerLost } from './peer-lost.js';
import { Avatar, Timer } from './parts.js';
import { useLasting } from './time.js';
import { isVirtual } from './virtual-phones.js';
import { nameOf, outcomeInWords, titled } from './words.js';

/** A call, from the first ring to a moment after its end. */
export function CallScreen({ phone, call }: { phone: BrowserPhone; call: Call }) {
  void phone.revision.value; // the call itself is no signal
  const { view, state } = call;
  const ladder = phone.ladder.value;
  const incoming = call.direction === 'incoming';
  const peer = view && (incoming ? view.caller : view.callee);
  const peerId = peer?.userId ?? ladder?.callee ?? '';
  const name = peer ? nameOf(peer) : titled(peerId);
  const session = phone.session.value;
  const leaving = phone.leaving.value === call && state !== 'ended';
  return (
    <div class="call-screen" data-state={state}>
      {session && state === 'answered' ? (
        <Pictures phone={phone} session={session} call={call} name={name} virtual={isVirtual(peerId)} />
      ) : (
        <div class="call-peer">
          <Avatar name={name} />
        </div>
      )}
      <div class="call-facts" role="status">
        <h3>{name}</h3>
        <p data-testid="call-state">{inWords(call, incoming, leaving)}</p>
      </div>
      <PeerLost phone={phone} call={call} name={name} />
      {!incoming && ladder && <Rungs ladder={ladder} />}
      {session?.problem.value && <p class="notice">{session.problem.value}</p>}
      {state === 'ended' ? (
        <div key="over" class="call-buttons">
          <Link href={callPath(call.id)} class="button-link">
            What happened?
          </Link>
          <button type="button" onClick={() => phone.clear()}>
            Close
          </button>
        </div>
      ) : (
        <div key="live" class="call-buttons">
          {session && state === 'answered' && <MediaButtons session={session} />}
          <button type="button" class="round labelled decline" onClick={() => void phone.hangUp(call)}>
            <Icon name="hang-up" />
            <span>{state === 'answered' ? 'Hang up' : 'Cancel'}</span>
          </button>
        </div>
      )}
      {state !== 'ended' && (
        <Link href={callPath(call.id)} class="call-inspect">
          Look inside this call
        </Link>
      )}
    </div>
  );
}

/** @param leaving it has been ended here, and the gateway, which may be away, has not confirmed it yet */
function inWords(call: Call, incoming: boolean, leaving: boolean) {
  const { view, state } = call;
  if (call.error && !view) return 'The call did not go out';
  if (state === 'ended') return outcomeInWords(view?.outcome ?? null, incoming);
  if (leaving) return state === 'answered' ? 'Hanging up…' : 'Cancelling…';
  if (state === 'answered' && view?.answeredAt) return <Timer since={Date.parse(view.answeredAt)} />;
  if (incoming) return 'Picking up…';
  return state === 'ringing' ? 'Ringing' : 'Calling…';
}

function Pictures({
  phone,
  session,
  call,
  name,
  virtual,
}: {
  phone: BrowserPhone;
  session: CallSession;
  call: Call;
  name: string;
  virtual: boolean;
}) {
  void phone.revision.value;
  const theirs = call.peerMedia;
  const notes = [
    session.held.value && 'You put the call on hold',
    theirs?.held && `${name} put you on hold`,
    theirs && !theirs.audio && !theirs.held && `${name} is muted`,
  ].filter(Boolean);
  const video = session.remoteVideo.value && !theirs?.held && (theirs?.video ?? true);
  const connecting = useWaiting(session, call);
  const waiting = virtual ? null : connecting;
  return (
    <div class="pictures">
      <Stream
        stream={session.remote}
        label={`${name}’s picture`}
        hidden={!video}
        kind="remote"
        onShown={() => (session.remoteShown.value = true)}
      />
      {(!video || waiting !== null) && (
        <div class="call-peer">
          <Avatar name={name} />
          {virtual && <p>A virtual phone: it has no camera and no microphone.</p>}
          {waiting !== null && <p role="status">{waiting}</p>}
        </div>
      )}
      <Stream stream={session.own} label="Your picture" hidden={!session.cameraOn.value} kind="own" muted />
      {notes.length > 0 && (
        <p class="pictures-note" role="status">
          {notes.join('. ')}
        </p>
      )}
    </div>
  );
}

const PATIENCE_MS = 8_000;

/** Until the first picture is there, or the first sound could be: what it waits for, in words. */
function useWaiting(session: CallSession, { view, peerMedia }: Call): string | null {
  const connection = session.connection.value;
  const connected = connection === 'connected';
  const picture = view?.media === 'video' && !peerMedia?.held && (peerMedia?.video ?? true);
  // Without microphone and camera on either side there is nothing to connect.
  const nothing = session.own.value === null && connection === 'new';
  const waits = !nothing && (!connected || (picture && !session.remoteShown.value));
  const long = useLasting(waits, PATIENCE_MS);
  if (!waits) return null;
  if (connection === 'disconnected' || (connection === 'failed' && !long)) return 'Reconnecting…';
  if (!long) return picture ? 'Connecting the picture…' : 'Connecting…';
  return connected ? 'No picture has come yet' : 'No connection between the two browsers';
}

interface StreamProps {
  stream: Signal<MediaStream | null>;
  label: string;
  kind: 'own' | 'remote';
  hidden: boolean;
  muted?: boolean;
  /** The first picture is there. */
  onShown?: () => void;
}

function Stream({ stream, label, kind, hidden, muted = false, onShown }: StreamProps) {
  const element = useRef<HTMLVideoElement>(null);
  const { value } = stream;
  useEffect(() => {
    if (!element.current) return;
    element.current.muted = muted;
    element.current.srcObject = value;
  }, [value, muted]);
  return (
    <video
      ref={element}
      class={kind}
      aria-label={label}
      hidden={hidden}
      onLoadedData={({ currentTarget }) => currentTarget.videoWidth > 0 && onShown?.()}
      onResize={({ currentTarget }) => currentTarget.videoWidth > 0 && onShown?.()}
      autoplay
      playsinline
    />
  );
}

function MediaButtons({ session }: { session: CallSession }) {
  const { muted, cameraOn, held } = session;
  return (
    <>
      <button
        type="button"
        class="round labelled"
        aria-pressed={muted.value}
        disabled={!session.hasAudio.value}
        onClick={() => session.setMuted(!muted.value)}
      >
        <Icon name="mic" off={muted.value || !session.hasAudio.value} />
        <span>Mute</span>
      </button>
      <button
        type="button"
        class="round labelled"
        aria-pressed={cameraOn.value}
        onClick={() => void session.setCamera(!cameraOn.value)}
      >
        <Icon name="video" off={!cameraOn.value} />
        <span>Camera</span>
      </button>
      <button
        type="button"
        class="round labelled"
        aria-pressed={held.value}
        onClick={() => session.setHeld(!held.value)}
      >
        <Icon name="pause" />
        <span>Hold</span>
      </button>
    </>
  );
}

/** The honest ring ladder. */
function Rungs({ ladder }: { ladder: Ladder }) {
  const next = ladder.next.value;
  return (
    <ol class="ladder" aria-label="How far the call got">
      {ladder.rungs.value.map(({ text, atMs, tone }) => (
        <li key={text} data-tone={tone}>
          <span>{text}</span>
          {atMs >= 1 && <span class="number">{(atMs / 1_000).toFixed(2)} s</span>}
        </li>
      ))}
      {next && (
        <li data-tone="next">
          <span>{next}</span>
        </li>
      )}
    </ol>
  );
}
