import { isIP } from 'node:net';
import { msPerDay } from '../../domain/click.ts';
import type { ClickRequest } from '../../domain/click-recorder.ts';
import {
  type TrustProxy,
  toPlainAddress,
  trustedEntry,
  trustedHeader,
} from '../../domain/client-address.ts';
import type { Clock } from '../../domain/clock.ts';
import type { Random } from '../../domain/random.ts';
import { type AgentFacts, toAgentFacts } from './agent-facts.ts';
import type { ClickFacts, ClickJudge } from './click-facts.ts';
import type { FindCountry } from './country-database.ts';
import { DetailsTable } from './details-table.ts';
import { FirstSights } from './first-sights.ts';
import { copy, cut } from './header-text.ts';
import { Memo } from './memo.ts';
import { toOrigin, toReferrerHost } from './referrer-host.ts';
import { createHeaderPicker } from './visitor-headers.ts';
import { toVisitorNumber, type VisitorNumber, visitorKeyBytes } from './visitor-number.ts';

/** What a judge of clicks is made of. */
export interface DailyClickJudgeOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly trustProxy: TrustProxy;
  /** Origin of the short URLs: who comes from there has no referrer. */
  readonly baseUrl: string;
  readonly findCountry: FindCountry;
}

/** A user agent while it is in memory, which keeps the text of it only as the key. */
interface KnownAgent {
  readonly facts: AgentFacts;
}

/** An address while it is in memory, with the visitor who came from it last. */
interface KnownAddress {
  readonly address: string;
  readonly country: string | null;
  agent: KnownAgent | undefined;
  visitor: VisitorNumber | undefined;
}

/** The longest address has 45 characters, and a zone behind it is a name of 15. */
const maxAddressLength = 64;

/** How late the day may end where nobody clicks. */
const dayCheckMs = 60_000;

/**
 * Entries of a generation of each memo. More would outlive the young heap of V8 in traffic of ever new visitors: with
 * 8,192 a process takes 70 MB more than with these, until the collector gets to it.
 */
const knownTexts = 2_048;

/**
 * Judges visitors by their headers and their address, and forgets both: what it says holds nothing that names a
 * person (docs/clicks.md, "What is kept of a click").
 *
 * An address, a user agent and a referrer stay in memory until others push them out, at most until the UTC day ends.
 * So do the key that visitors are numbered with and the set of those who were seen. Both are nowhere else: after a
 * restart everybody is a new visitor once more, and each node counts for itself, so `visitors` is an estimate.
 */
export class DailyClickJudge implements ClickJudge, Disposable {
  readonly #options: DailyClickJudgeOptions;
  readonly #ownHost: string | null;
  readonly #pickHeaders: ReturnType<typeof createHeaderPicker>;
  readonly #dayCheck: NodeJS.Timeout;
  readonly #table = new DetailsTable();
  /** Who asked not to be looked at; people and bots. */
  readonly #hidden = hiddenAgents(this.#table);
  readonly #agents = new Memo<KnownAgent>(knownTexts);
  readonly #addresses = new Memo<KnownAddress>(knownTexts);
  readonly #referrers = new Memo<string | null>(knownTexts);
  readonly #facts: { -readonly [Part in keyof ClickFacts]: ClickFacts[Part] };
  #dayStartMs = 0;
  #sights = new FirstSights();
  #visitorKey = '';

  constructor(options: DailyClickJudgeOptions) {
    this.#options = options;
    this.#ownHost = toReferrerHost(options.baseUrl);
    this.#pickHeaders = createHeaderPicker(trustedHeader(options.trustProxy));
    this.#facts = {
      details: this.#table.details(this.#hidden.person, null, null),
      isNewVisitor: false,
    };
    this.#startDay(options.clock.now());
    this.#dayCheck = setInterval(() => this.#keepDay(options.clock.now()), dayCheckMs).unref();
  }

  judge(request: ClickRequest, linkId: number): ClickFacts | undefined {
    const { userAgent, referrer, trusted, isPrefetch, wantsPrivacy } = this.#pickHeaders(
      request.rawHeaders,
    );
    if (isPrefetch) return undefined;
    this.#keepDay(this.#options.clock.now());
    const agent = this.#agentOf(userAgent);
    if (wantsPrivacy) return this.#hide(agent);
    const address = this.#addressOf(trusted, request.socket.remoteAddress);
    this.#facts.details = this.#table.details(
      agent.facts,
      address === undefined ? null : address.country,
      referrer === '' ? null : this.#referrerOf(referrer),
    );
    this.#facts.isNewVisitor =
      address !== undefined &&
      !agent.facts.isBot &&
      this.#isFirstSight(linkId, address, agent, userAgent);
    return this.#facts;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#dayCheck);
  }

  #hide(agent: KnownAgent): ClickFacts {
    const { person, bot } = this.#hidden;
    this.#facts.details = this.#table.details(agent.facts.isBot ? bot : person, null, null);
    this.#facts.isNewVisitor = false;
    return this.#facts;
  }

  #agentOf(userAgent: string): KnownAgent {
    const known = this.#agents.get(userAgent);
    if (known !== undefined) return known;
    const agent = { facts: this.#table.agent(toAgentFacts(cut(userAgent))) };
    this.#agents.set(userAgent, agent);
    return agent;
  }

  /** `undefined` when the socket is gone and nothing else is trusted. */
  #addressOf(
    trusted: string | undefined,
    socketAddress: string | undefined,
  ): KnownAddress | undefined {
    const entry =
      trusted === undefined ? undefined : trustedEntry(trusted, this.#options.trustProxy);
    return (
      (entry === undefined ? undefined : this.#knownAddress(entry)) ??
      (socketAddress === undefined ? undefined : this.#knownAddress(socketAddress))
    );
  }

  /** Only what is an address is remembered. */
  #knownAddress(text: string): KnownAddress | undefined {
    if (text.length > maxAddressLength) return undefined;
    const known = this.#addresses.get(text);
    if (known !== undefined || isIP(text) === 0) return known;
    const address = copy(toPlainAddress(text));
    const country = this.#options.findCountry(address);
    const added = { address, country, agent: undefined, visitor: undefined };
    this.#addresses.set(text, added);
    return added;
  }

  #referrerOf(referrer: string): string | null {
    const origin = toOrigin(referrer);
    const known = this.#referrers.get(origin);
    if (known !== undefined) return known;
    const host = toReferrerHost(cut(origin));
    const kept = host === this.#ownHost ? null : host;
    this.#referrers.set(origin, kept);
    return kept;
  }

  #isFirstSight(
    linkId: number,
    address: KnownAddress,
    agent: KnownAgent,
    userAgent: string,
  ): boolean {
    if (address.agent !== agent || address.visitor === undefined) {
      address.visitor = toVisitorNumber(this.#visitorKey, address.address, cut(userAgent));
      address.agent = agent;
    }
    return this.#sights.add(linkId, address.visitor.low, address.visitor.high);
  }

  /** Ends the day when it is another one, before or after. */
  #keepDay(nowMs: number): void {
    if (nowMs < this.#dayStartMs || nowMs >= this.#dayStartMs + msPerDay) this.#startDay(nowMs);
  }

  #startDay(nowMs: number): void {
    this.#dayStartMs = Math.floor(nowMs / msPerDay) * msPerDay;
    this.#visitorKey = Buffer.from(this.#options.random.bytes(visitorKeyBytes)).toString('hex');
    this.#sights = new FirstSights();
    this.#agents.clear();
    this.#addresses.clear();
    this.#referrers.clear();
  }
}

function hiddenAgents(table: DetailsTable): {
  readonly person: AgentFacts;
  readonly bot: AgentFacts;
} {
  const nothing = { browser: null, os: null, device: null };
  return {
    person: table.agent({ isBot: false, ...nothing }),
    bot: table.agent({ isBot: true, ...nothing }),
  };
}
