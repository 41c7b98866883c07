import { Emitter } from '../src/emitter.js';
import type { Call, CallEvents, OwnMedia } from '../src/index.js';
import { CallMedia } from '../src/webrtc.js';

type Track = { kind: 'audio' | 'video'; enabled: boolean };

/** As much of a browser as tells what is sent. */
class Peer {
  readonly senders: { track: Track }[] = [];
  addTrack(track: Track): void {
    this.senders.push({ track });
  }
  getSenders = () => this.senders;
  getTransceivers = () => this.senders.map((sender) => ({ sender }));
  close(): void {}
}

function mediaWith(tracks: Track[]) {
  const told: OwnMedia[] = [];
  class FakeCall extends Emitter<CallEvents> {
    state = 'ringing';
    direction = 'incoming';
    setMedia = async (media: OwnMedia) => void told.push(media);
  }
  const of = (wanted: string) => () => tracks.filter(({ kind }) => kind === wanted);
  const localStream = { getTracks: () => tracks, getAudioTracks: of('audio'), getVideoTracks: of('video') };
  const media = new CallMedia(new FakeCall() as unknown as Call, {
    localStream: localStream as unknown as MediaStream,
    RTCPeerConnection: Peer as unknown as typeof RTCPeerConnection,
    MediaStream: class {} as unknown as typeof MediaStream,
  });
  return { media, told };
}

describe('the media of a call', () => {
  it.each([
    ['with microphone and camera', [true], [true], { audio: true, video: true }],
    ['with a microphone that the app has muted', [false], [], { audio: false, video: false }],
    ['with a camera that is off', [true], [false], { audio: true, video: false }],
    ['with nothing', [], [], { audio: false, video: false }],
  ])('tells what it sends %s, before anything changes', (_, audio, video, expected) => {
    const tracks = [
      ...audio.map((enabled): Track => ({ kind: 'audio', enabled })),
      ...video.map((enabled): Track => ({ kind: 'video', enabled })),
    ];
    const { told } = mediaWith(tracks);
    expect(told).toEqual([{ ...expected, held: false }]);
    expect(tracks.map(({ enabled }) => enabled)).toEqual([...audio, ...video]);
  });

  it('tells when it is muted', async () => {
    const { media, told } = mediaWith([{ kind: 'audio', enabled: true }]);
    await media.setMuted(true);
    expect(told.at(-1)).toEqual({ audio: false, video: false, held: false });
  });
});
