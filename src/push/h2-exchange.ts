import {
  constants,
  sensitiveHeaders,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';

/** One POST. The path may hold a push token, the headers a JWT: neither ever leaves this file in a message. */
export interface H2Request {
  path: string;
  headers: Record<string, string>;
  body: string;
  /** Asked in the moment before it is written: no, and it never leaves. */
  wanted?: (() => boolean) | undefined;
}

/** A complete answer; a body beyond 16 kB is cut. */
export interface H2Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A stream that ended without one. `rstCode` and `streamId` tell whether the peer ever looked at it. */
export interface H2Loss {
  lost: 'refused to send' | 'late' | 'reset' | 'invalid';
  /** Why, where Node knows: an error code, never a message. */
  cause: string | null;
  rstCode: number;
  streamId: number;
}

const BODY_LIMIT = 16_384;

/**
 * Sends a request on one stream and settles exactly once within `ms`: on the whole answer, or on 'close', which is all
 * that comes when a session is destroyed under a stream (neither 'response' nor 'error' does). `heard` is called for
 * every sign of life, `wrote` once, when the body is written or never will be.
 */
export function exchange(
  session: ClientHttp2Session,
  request: H2Request,
  ms: number,
  { heard, wrote }: { heard: () => void; wrote: () => void },
): Promise<H2Answer | H2Loss> {
  return new Promise((resolve) => {
    let stream: ClientHttp2Stream;
    try {
      stream = session.request({
        ...request.headers,
        ':method': 'POST',
        ':path': request.path,
        [sensitiveHeaders]: [':path', 'authorization'],
      });
    } catch (error) {
      // After GOAWAY or destroy request() throws; on a healthy session only a header that nobody would take does.
      const lost = session.closed || session.destroyed ? 'refused to send' : 'invalid';
      wrote();
      resolve({ lost, cause: codeOf(error), rstCode: 0, streamId: 0 });
      return;
    }

    let headers: IncomingHttpHeaders | null = null;
    let status = 0;
    let body = '';
    let cause: string | null = null;
    const timer = setTimeout(() => {
      lose('late');
      stream.close(constants.NGHTTP2_CANCEL);
    }, ms);
    const answer = (): void => {
      clearTimeout(timer);
      resolve({ status, headers: headers ?? {}, body });
    };
    const lose = (lost: H2Loss['lost']): void => {
      clearTimeout(timer);
      resolve({ lost, cause, rstCode: stream.rstCode ?? 0, streamId: stream.id ?? 0 });
    };

    stream.on('response', (received, flags) => {
      heard();
      headers = received;
      status = received[':status'] ?? 0;
      // A yes has no body, as a rule: what reading one needs is not set up for it.
      if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) answer();
      else read();
    });
    const read = (): void => {
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        heard();
        body += chunk;
        if (body.length <= BODY_LIMIT) return;
        answer();
        stream.close(constants.NGHTTP2_CANCEL);
      });
      stream.on('end', () => {
        // A session destroyed under a half-read answer says 'end' too, with `aborted` false: only the code tells.
        if (headers !== null && (stream.rstCode ?? 0) === constants.NGHTTP2_NO_ERROR) answer();
      });
    };
    stream.on('error', (error) => (cause = codeOf(error)));
    let written = false;
    const bodyIsOver = (): void => {
      if (!written) wrote();
      written = true;
    };
    stream.on('finish', bodyIsOver);
    stream.on('close', () => {
      bodyIsOver();
      // The yes is in the headers; a refusal whose reason was cut off is not one yet.
      if (status === 200) answer();
      else lose('reset');
    });
    stream.end(request.body);
  });
}

/** Only the code: an error's message could quote what was sent. */
export function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'Error';
}
