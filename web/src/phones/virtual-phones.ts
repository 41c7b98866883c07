import { signal } from '@preact/signals';

export type Environment = 'sandbox' | 'production';
export type Media = 'voice' | 'video';

/** A virtual phone, as `GET /v1/demo/phones` shows it. */
export interface VirtualPhone {
  id: string;
  userId: string;
  deviceId: string;
  name: string;
  platform: 'ios' | 'android';
  apns: {
    build: 'debug' | 'app-store';
    actual: Environment;
    declared: Environment;
    recorded: string | null;
  } | null;
  app: 'foreground' | 'background' | 'killed';
  signedIn: boolean;
  answersAfterMs: number | null;
  screen: VirtualScreen | null;
}

export interface VirtualScreen {
  callId: string;
  stage: 'calling' | 'woken' | 'ringing' | 'in call' | 'over';
  incoming: boolean;
  peer: string;
  media: Media;
  answeredAt: string | null;
  /** When its person picks up by themselves. */
  answersAt: string | null;
  /** The push that woke it: the service that brought it, and the one that refused it before. */
  push: { by: string; refusedBy: string | null } | null;
  ended: string | null;
  ladder: string[];
}

export type Button =
  | { do: 'foreground' | 'background' | 'kill' | 'sign-out' | 'register' | 'answer' | 'decline' | 'hang-up' }
  | { do: 'declare'; environment: Environment }
  | { do: 'auto-answer'; on: boolean }
  | { do: 'call'; callee: string; media: Media };

/** Null until the gateway has shown them for the first time; the last known ones while it is away. */
export const virtualPhones = signal<VirtualPhone[] | null>(null);
/** The gateway answers, so what is shown is the truth. */
export const phonesAreLive = signal(true);

const PATH = '/v1/demo/phones';
const AGAIN_MS = 1_000;

/**
 * Watches the phones until the returned function is called; over restarts of the gateway. Not in a tab that nobody
 * sees: a browser has six connections for all tabs of a site, and each stream takes one.
 */
export function watchPhones(): () => void {
  let again: ReturnType<typeof setTimeout> | undefined;
  let source: EventSource | undefined;
  const open = (): void => {
    source = new EventSource(`${PATH}/events`);
    source.onmessage = ({ data }) => {
      virtualPhones.value = (JSON.parse(String(data)) as { items: VirtualPhone[] }).items;
      phonesAreLive.value = true;
    };
    // A browser gives up for good after some errors, and waits long after others.
    source.onerror = () => {
      phonesAreLive.value = false;
      close();
      again = setTimeout(open, AGAIN_MS);
    };
  };
  const close = (): void => {
    clearTimeout(again);
    source?.close();
  };
  const look = (): void => {
    close();
    if (!document.hidden) open();
  };
  document.addEventListener('visibilitychange', look);
  look();
  return () => {
    document.removeEventListener('visibilitychange', look);
    close();
  };
}

/** Presses a button of a phone. What comes of it is seen on the phone. @returns false when the gateway did not do it */
export async function press(id: string, button: Button): Promise<boolean> {
  const request = { method: 'POST', headers: { 'content-type': 'application/json' } };
  try {
    const response = await fetch(`${PATH}/${encodeURIComponent(id)}`, {
      ...request,
      body: JSON.stringify(button),
    });
    return response.ok;
  } catch {
    return false;
  }
}

export const isVirtual = (userId: string): boolean =>
  virtualPhones.value?.some((phone) => phone.userId === userId) ?? false;
