import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** What a link's hits came to, as their clients saw it. */
interface Hits {
  answered: number;
  /** The connection broke before there was an answer. */
  broken: number;
}

/** After a hit without a redirect: whoever was killed has to come back first. */
const retryPauseMs = 20;

/**
 * Hits links in turn, and remembers what was answered. So what a link must have been counted is known: as often as
 * it was answered with a redirect, and at most as often more as a connection broke on the way.
 */
export class HitLedger {
  readonly #hits: readonly (readonly [slug: string, hits: Hits])[];
  /** What was answered besides redirects, by status: it must not have been counted. */
  readonly refused = new Map<number, number>();
  #answered = 0;
  #next = 0;

  constructor(slugs: readonly string[]) {
    this.#hits = slugs.map((slug) => [slug, { answered: 0, broken: 0 }]);
  }

  /** How many hits were answered with a redirect. */
  get answered(): number {
    return this.#answered;
  }

  /**
   * Hits `origin` over some connections, each with `restMs` between two hits. Gives the way to stop, which resolves when
   * all is quiet.
   */
  start(origin: string, { connections = 8, restMs = 0 } = {}): () => Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: connections });
    let isStopped = false;
    const run = async () => {
      while (!isStopped) {
        const hasAnswer = await this.#hit(origin, agent);
        const pauseMs = hasAnswer ? restMs : restMs + retryPauseMs;
        if (pauseMs > 0) await delay(pauseMs);
      }
    };
    const runs = Array.from({ length: connections }, run);
    return async () => {
      isStopped = true;
      await Promise.all(runs);
      agent.destroy();
    };
  }

  /** What is wrong with the counts, by slug: a sentence for each link that was not counted as it must be. */
  findMistakes(counts: ReadonlyMap<string, number>): string[] {
    return this.#hits.flatMap(([slug, { answered, broken }]) => {
      const count = counts.get(slug) ?? 0;
      if (count >= answered && count <= answered + broken) return [];
      return [`${slug}: ${answered} answered, ${broken} broken, counted ${count} times`];
    });
  }

  async #hit(origin: string, agent: Agent): Promise<boolean> {
    const [slug, hits] = this.#hits[this.#next++ % this.#hits.length] as [string, Hits];
    const status = await hit(`${origin}/${slug}`, agent);
    if (status === 302) {
      this.#answered += 1;
      hits.answered += 1;
    } else if (status === undefined) {
      hits.broken += 1;
    } else {
      this.refused.set(status, (this.refused.get(status) ?? 0) + 1);
    }
    return status === 302;
  }
}

/** The status of the answer; `undefined` without a whole one. */
function hit(url: string, agent: Agent): Promise<number | undefined> {
  return new Promise((resolve) => {
    const sent = request(url, { agent }, (response) => {
      response.on('error', () => resolve(undefined));
      response.on('end', () => resolve(response.statusCode));
      response.resume();
    });
    sent.on('error', () => resolve(undefined));
    sent.end();
  });
}
