/** A LiteFS that has not answered for this long is taken for hung. */
export const deafForMs = 5_000;
/** A guard that came late to its own look was stopped itself, and so perhaps was LiteFS. */
const lateMs = 1_500;

/** What the watchdog knows of LiteFS; times are monotonic. */
export interface Liveness {
  /** `undefined` until LiteFS has answered once: opening a large database takes minutes, and it may. */
  readonly answeredAtMs: number | undefined;
  /** When the watchdog looked last. */
  readonly lookedAtMs: number;
}

/** The watchdog's first state. */
export function unknownLiveness(nowMs: number): Liveness {
  return { answeredAtMs: undefined, lookedAtMs: nowMs };
}

/** The state after another look, at which LiteFS did answer or did not. */
export function afterLook(
  last: Liveness,
  look: { readonly atMs: number; readonly everyMs: number; readonly answered: boolean },
): Liveness {
  if (look.answered) return { answeredAtMs: look.atMs, lookedAtMs: look.atMs };
  const sleptMs = look.atMs - last.lookedAtMs - look.everyMs;
  const slept = sleptMs > lateMs && last.answeredAtMs !== undefined;
  return {
    answeredAtMs: slept ? look.atMs : last.answeredAtMs,
    lookedAtMs: look.atMs,
  };
}

/** Whether LiteFS hangs. */
export function isDeaf({ answeredAtMs }: Liveness, nowMs: number): boolean {
  return answeredAtMs !== undefined && nowMs - answeredAtMs >= deafForMs;
}
