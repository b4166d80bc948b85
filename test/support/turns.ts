/** Somebody whose calls are made one at a time, when it is its turn. */
class Actor {
  readonly #waiting: (() => Promise<void>)[] = [];
  #isDone = false;
  #wake = () => {};

  /** Makes a call once it is this one's turn. */
  readonly call = <T>(work: () => Promise<T>): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.push(() => work().then(resolve, reject));
    this.#wake();
    return promise;
  };

  end(): void {
    this.#isDone = true;
    this.#wake();
  }

  /** Waits until there is a call to make, makes it, and says whether there was one. */
  async turn(): Promise<boolean> {
    while (this.#waiting.length === 0 && !this.#isDone) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const work = this.#waiting.shift();
    await work?.();
    return work !== undefined;
  }
}

/**
 * Runs several at once that talk to something real, in an order that is drawn: `picks` says whose turn it is, and how many calls
 * it makes before the next pick. So one may stand still while another one does all of its work. Rejects when one does.
 */
export async function takeTurns(
  actors: readonly ((call: <T>(work: () => Promise<T>) => Promise<T>) => Promise<void>)[],
  picks: Iterator<{ readonly who: number; readonly calls: number }>,
): Promise<void> {
  const ends: Promise<void>[] = [];
  let alive = actors.map((act) => {
    const actor = new Actor();
    ends.push(act(actor.call).finally(() => actor.end()));
    return actor;
  });
  while (alive.length > 0) {
    const { who, calls } = picks.next().value;
    const actor = alive[who % alive.length] as Actor;
    for (let n = 0; n < calls; n += 1) {
      if (await actor.turn()) continue;
      alive = alive.filter((one) => one !== actor);
      break;
    }
  }
  await Promise.all(ends);
}
