import type { ClickDetails } from '../../domain/click.ts';
import type { AgentFacts } from './agent-facts.ts';

/** Referrers are the one part of details that clients can make up at will. */
const maxDetails = 20_000;

type Text = string | null;

/** Details by their content: equal ones are one object, until so many are known that all are dropped. */
export class DetailsTable {
  /** As many as there are families of browsers and systems. */
  readonly #agents = new Map<string, AgentFacts>();
  #details = new Map<AgentFacts, Map<Text, Map<Text, ClickDetails>>>();
  #size = 0;

  /** The one object with these facts. */
  agent(facts: AgentFacts): AgentFacts {
    const key = `${facts.isBot}|${facts.browser}|${facts.os}|${facts.device}`;
    const agent = this.#agents.get(key) ?? facts;
    this.#agents.set(key, agent);
    return agent;
  }

  /** The one object with these parts; `agent` is an object that this table gave. */
  details(agent: AgentFacts, country: Text, referrer: Text): ClickDetails {
    return (
      this.#details.get(agent)?.get(country)?.get(referrer) ?? this.#make(agent, country, referrer)
    );
  }

  #make(agent: AgentFacts, country: Text, referrer: Text): ClickDetails {
    if (this.#size >= maxDetails) {
      this.#details = new Map();
      this.#size = 0;
    }
    const { isBot, browser, os, device } = agent;
    const details: ClickDetails = { isBot, country, referrer, browser, os, device };
    innerMap(innerMap(this.#details, agent), country).set(referrer, details);
    this.#size += 1;
    return details;
  }
}

function innerMap<Key, InnerKey, Value>(
  map: Map<Key, Map<InnerKey, Value>>,
  key: Key,
): Map<InnerKey, Value> {
  const inner = map.get(key) ?? new Map<InnerKey, Value>();
  map.set(key, inner);
  return inner;
}
