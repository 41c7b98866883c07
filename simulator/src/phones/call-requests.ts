import type { PhoneHttp, PhoneRequest, Reply } from './phone-http.js';
import type { VirtualCall } from './virtual-call.js';

/** What a phone asks of the gateway about one call: by the ticket of the push where that is enough, else as the user. */
export class CallRequests {
  constructor(
    private readonly http: PhoneHttp,
    private readonly deviceId: string,
  ) {}

  /** The preflight, where there is a ticket. A phone that rings has no time for a second try. */
  look(call: VirtualCall): Promise<Reply> {
    const path = `/v1/calls/${call.callId}`;
    return this.send(call, { method: 'GET', path, tries: 1, timeoutMs: 1_500 }, true);
  }

  act(verb: 'ringing' | 'answer' | 'decline' | 'cancel' | 'end', call: VirtualCall): Promise<Reply> {
    const path = `/v1/calls/${call.callId}/${verb}`;
    return this.send(call, { method: 'POST', path }, verb !== 'cancel' && verb !== 'end');
  }

  private send({ ticket }: VirtualCall, request: PhoneRequest, ticketWorks: boolean): Promise<Reply> {
    if (ticket && ticketWorks) return this.http.withTicket(ticket, request);
    return this.http.asUser({ ...request, path: `${request.path}?deviceId=${this.deviceId}` });
  }
}
