/** What the operators' routes answer (GET /openapi.json), as far as the pages read it. Times are RFC 3339. */
export interface CallView {
  callId: string;
  version: number;
  caller: Person;
  callee: Person;
  media: 'voice' | 'video';
  state: 'initiated' | 'ringing' | 'answered' | 'ended';
  outcome: Outcome | null;
  endReason: string | null;
  initiatedAt: string;
  ringingAt: string | null;
  answeredAt: string | null;
  endedAt: string | null;
  ringExpiresAt: string;
  answeredBy: string | null;
}

export interface Person {
  userId: string;
  name: string | null;
}

export type Outcome = 'completed' | 'declined' | 'busy' | 'cancelled' | 'missed' | 'failed';

export interface RecordedEvent {
  position: number;
  stream: 'call' | 'wake';
  version: number;
  type: string;
  at: string;
  data: Record<string, unknown>;
}

export interface Explanation {
  verdict: string;
  code: string;
  devices: { deviceId: string; platform: string | null; name: string | null }[];
}

export interface OverviewFigures {
  from: string;
  to: string;
  calls: { total: number; live: number; stepSeconds: number; series: { at: string; calls: number }[] };
  timeToRing: {
    measured: number;
    medianMs: number | null;
    p99Ms: number | null;
    spread: { uptoMs: number | null; calls: number }[];
  };
  outcomes: { outcome: Outcome; calls: number }[];
  pushes: PushCount[];
  sockets: { node: number; cluster: number; nodes: number };
}

export interface PushCount {
  result: 'accepted' | 'rejected' | 'retried' | 'environment-corrected' | 'token-retired';
  provider: 'apns' | 'fcm';
  environment: string | null;
  status: number | null;
  reason: string | null;
  count: number;
}
