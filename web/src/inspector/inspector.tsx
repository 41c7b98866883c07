/** The list of calls, or one call with everything that happened in it. */
export function Inspector({ callId }: { callId?: string }) {
  return (
    <div class="page">
      <h1>{callId ? 'Call' : 'Calls'}</h1>
    </div>
  );
}
