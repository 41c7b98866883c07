/** Whether a browser's page may talk to us: same origin, or listed. Native apps send no origin. */
export function allowsOrigin(
  allowed: readonly string[],
  origin: string | undefined,
  host: string | undefined,
): boolean {
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
