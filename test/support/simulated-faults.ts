import type { HistoryRecord, Operation } from '../../scripts/faults/history.ts';
import {
  destination,
  fault,
  finals,
  follow,
  operation,
  primary,
  run,
  txid,
  unknownWrite,
  write,
} from './fault-history.ts';

/** One thing that happens; `pick` chooses among what is there. */
export interface Step {
  readonly does:
    | 'create'
    | 'createCustom'
    | 'update'
    | 'delete'
    | 'recreate'
    | 'follow'
    | 'get'
    | 'list'
    | 'stats'
    | 'failover'
    | 'lossyFailover';
  readonly outcome: 'replicated' | 'local' | 'done' | 'undone' | 'refused';
  readonly pick: number;
}

const candidates = ['ams1', 'ams2'] as const;
const nodes = run.nodes.map(({ id }) => id);
const stepMs = 20;

/**
 * Plays steps on the simplest fleet that keeps all promises, and gives its history: one thing at a time, copies that
 * follow at once, failovers that undo what was local.
 */
export function simulate(steps: readonly Step[]): HistoryRecord[] {
  const fleet = new SimulatedFleet();
  for (const step of steps) fleet.play(step);
  return fleet.end();
}

class SimulatedFleet {
  readonly #records: HistoryRecord[] = [run, primary('ams1', 1, 0)];
  readonly #links = new Map<string, string>();
  /** How to take back what was written since the last replicated write, newest last. */
  readonly #tail: (() => void)[] = [];
  readonly #clicks = new Map<string, number>();
  readonly #slugs: string[] = [];
  #now = 100;
  #epoch = 1;
  #txid = 1;
  #safeTxid = 1;
  #versions = 0;

  play(step: Step): void {
    this.#now += stepMs;
    const slug = this.#slugs[step.pick % this.#slugs.length];
    if (step.does === 'create') this.#create(step);
    else if (step.does === 'createCustom') this.#write('createCustom', wanted(step), step);
    else if (step.does === 'list') this.#list(step);
    else if (step.does === 'failover' || step.does === 'lossyFailover') {
      this.#failOver(step.does === 'lossyFailover');
    } else if (slug !== undefined) this.#use(step.does, slug, step);
  }

  end(): HistoryRecord[] {
    const links = Object.fromEntries(this.#links);
    const total = [...this.#clicks.values()].reduce((sum, clicks) => sum + clicks, 0);
    const bySlug = Object.fromEntries(
      [...this.#links.keys()].map((slug) => [slug, this.#clicks.get(slug) ?? 0]),
    );
    return [
      ...this.#records,
      ...finals(links, {
        at: this.#now + 10_000,
        epoch: this.#epoch,
        clicks: { total, bySlug },
      }),
    ];
  }

  get #primary(): string {
    return candidates[(this.#epoch - 1) % 2] as string;
  }

  #create(step: Step): void {
    const slug = `s${this.#slugs.length}`;
    this.#slugs.push(slug);
    this.#write('create', slug, step);
  }

  #use(does: Step['does'], slug: string, step: Step): void {
    const isThere = this.#links.has(slug);
    if (does === 'follow') this.#follow(slug, step);
    else if (does === 'get') this.#get(slug);
    else if (does === 'stats') this.#stats(slug);
    else if (does === 'recreate' && !isThere) this.#write('recreate', slug, step);
    else if ((does === 'update' || does === 'delete') && isThere) this.#write(does, slug, step);
  }

  #write(op: Operation['op'], slug: string, { outcome }: Step): void {
    const proc = `writer of ${slug}`;
    const target = destination(slug, ++this.#versions);
    const arg = {
      ...(op !== 'delete' && { destination: target }),
      ...(op !== 'update' && op !== 'delete' && { idempotencyKey: `key ${this.#versions}` }),
    };
    const isTaken = op === 'createCustom' && this.#links.has(slug);
    if (isTaken || outcome === 'refused') {
      const status = isTaken ? 409 : 422;
      this.#records.push(write(op, slug, this.#now, { proc, arg, type: 'fail', status }));
      return;
    }
    if (outcome !== 'undone') this.#apply(slug, op === 'delete' ? undefined : target);
    if (outcome === 'done' || outcome === 'undone') {
      this.#records.push(unknownWrite(op, slug, this.#now, { proc, arg }));
      return;
    }
    if (outcome === 'replicated') {
      this.#tail.length = 0;
      this.#safeTxid = this.#txid;
    }
    const place = { epoch: this.#epoch, txid: txid(this.#txid), node: this.#primary };
    this.#records.push(write(op, slug, this.#now, { proc, arg, durability: outcome, ...place }));
  }

  #apply(slug: string, target: string | undefined): void {
    const former = this.#links.get(slug);
    this.#tail.push(() => this.#set(slug, former));
    this.#set(slug, target);
    this.#txid++;
  }

  #set(slug: string, target: string | undefined): void {
    if (target === undefined) this.#links.delete(slug);
    else this.#links.set(slug, target);
  }

  #follow(slug: string, step: Step): void {
    const via = nodes[step.pick % nodes.length] as string;
    const value = this.#links.get(slug) ?? null;
    const hit = follow(slug, this.#now, value, { proc: `visitor ${step.pick % 5}`, via });
    const hasAnswer = step.outcome !== 'done' && step.outcome !== 'undone';
    if (hasAnswer) this.#records.push(hit);
    else {
      const { status: _, value: __, ...unanswered } = hit;
      this.#records.push({ ...unanswered, type: 'unknown', via: 'ams' });
    }
    if (value !== null && step.outcome !== 'undone') {
      this.#clicks.set(slug, (this.#clicks.get(slug) ?? 0) + 1);
    }
  }

  #get(slug: string): void {
    const value = this.#links.get(slug) ?? null;
    this.#records.push(
      operation('get', this.#now, {
        ...{ key: slug, via: 'iad', value, status: value === null ? 404 : 200 },
        arg: { bookmark: { epoch: this.#epoch, txid: txid(this.#txid) } },
      }),
    );
  }

  #list(step: Step): void {
    const lost = step.pick % 4 === 0;
    this.#records.push(
      operation('list', this.#now, {
        ...{ via: 'iad', value: Object.fromEntries(this.#links), replays: step.pick % 2 },
        arg: {
          bookmark: { epoch: this.#epoch, txid: txid(this.#txid), ...(lost && { lost }) },
        },
      }),
    );
  }

  #stats(slug: string): void {
    if (!this.#links.has(slug)) return;
    const value = this.#clicks.get(slug) ?? 0;
    this.#records.push(
      operation('stats', this.#now, { key: slug, via: 'iad1', epoch: this.#epoch, value }),
    );
  }

  #failOver(isLossy: boolean): void {
    const former = this.#primary;
    if (isLossy) {
      for (const undo of this.#tail.toReversed()) undo();
      this.#txid = this.#safeTxid;
    }
    this.#tail.length = 0;
    const from = this.#now;
    this.#now += 3_000;
    this.#epoch++;
    this.#txid++;
    this.#safeTxid = this.#txid;
    this.#records.push(
      ...fault('kill-9', from, this.#now, { targets: [former], losesPrimary: true }),
      { event: 'node', node: former, at: from, state: 'down' },
      primary(this.#primary, this.#epoch, this.#now - 10),
      { event: 'node', node: former, at: this.#now, state: 'up' },
    );
    this.#now += 3_000;
    // Somebody always wants to write: else a long time without a write would be nobody's fault.
    this.#create({ does: 'create', outcome: 'replicated', pick: 0 });
  }
}

/** A slug that several want. */
function wanted({ pick }: Step): string {
  return `wanted${pick % 3}`;
}
