import { OperatorsOnly } from '../operator/sign-in.js';
import { CallList } from './call-list.js';
import { CallPage } from './call-page.js';
import './diagram.css';
import './inspector.css';

/** The list of calls, or one call with everything that happened in it. */
export function Inspector({ callId }: { callId?: string }) {
  return (
    <div class="page">
      <OperatorsOnly>{callId === undefined ? <CallList /> : <CallPage callId={callId} />}</OperatorsOnly>
    </div>
  );
}
