const ATTEMPTS = 8;

/** How one aggregate is changed. */
export interface Attempts<State, Result> {
  /** The state as this node last saw it, which may be old; undefined when it has not. */
  known: State | undefined;
  /** Reads it now. */
  load: () => Promise<State>;
  /**
   * Decides on the state and appends what was decided.
   * @param fresh the state was just read, so that a refusal is final
   * @returns null when somebody else was faster, or when only a fresh state can tell
   */
  attempt: (state: State, fresh: boolean) => Promise<Result | null>;
}

/** Load, decide, append; again when another node was faster. */
export async function untilRecorded<State, Result>(
  name: string,
  { known, load, attempt }: Attempts<State, Result>,
): Promise<Result> {
  let state = known ?? (await load());
  for (let nr = 1; nr <= ATTEMPTS; nr++) {
    const result = await attempt(state, nr > 1 || known === undefined);
    if (result !== null) return result;
    state = await load();
  }
  throw new Error(`${name} changed ${ATTEMPTS} times while one step was decided`);
}
