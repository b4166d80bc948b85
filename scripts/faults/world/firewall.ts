import { runTool } from './command.ts';

/** Rules of nftables for the packets of one namespace, each as it stands in a chain. */
export interface Rules {
  readonly input?: readonly string[];
  readonly output?: readonly string[];
}

/** What one namespace drops or refuses. Each fault has its own rules under its name; loopback is left alone. */
export class Firewall {
  readonly #within: readonly string[];
  readonly #rules = new Map<string, Rules>();

  constructor(within: readonly string[]) {
    this.#within = within;
  }

  /** Adds the rules of a fault, in place of those it had. They hold from the moment this resolves. */
  async set(fault: string, rules: Rules): Promise<void> {
    this.#rules.set(fault, rules);
    await this.#load();
  }

  /** Takes the rules of a fault away. */
  async clear(fault: string): Promise<void> {
    if (this.#rules.delete(fault)) await this.#load();
  }

  /** Takes all rules away. */
  async clearAll(): Promise<void> {
    this.#rules.clear();
    await this.#load();
  }

  /** The whole table at once, so that no packet meets half of it. */
  async #load(): Promise<void> {
    const chain = (hook: 'input' | 'output', loopback: string) => {
      const rules = [...this.#rules.values()].flatMap((each) => each[hook] ?? []);
      return `chain ${hook} { type filter hook ${hook} priority 0; ${[loopback, ...rules].join('; ')}; }`;
    };
    const table = `${chain('input', 'iif lo accept')}\n${chain('output', 'oif lo accept')}`;
    const script = `table inet faults\nflush table inet faults\ndelete table inet faults\ntable inet faults {\n${table}\n}\n`;
    const [command = 'nft', ...args] = [...this.#within, 'nft', '-f', '-'];
    await runTool(command, args, script);
  }
}

/** All packets from and to these addresses vanish; all packets at all without one. */
export function cutOff(...addresses: readonly string[]): Rules {
  if (addresses.length === 0) return { input: ['drop'], output: ['drop'] };
  const set = `{ ${addresses.join(', ')} }`;
  return { input: [`ip saddr ${set} drop`], output: [`ip daddr ${set} drop`] };
}

/** Connections to an address are refused, and those that there are break. */
export function refuse(address: string): Rules {
  return { output: [`ip daddr ${address} meta l4proto tcp reject with tcp reset`] };
}

/** So many of a hundred packets from and to an address are lost. */
export function lose(percent: number, address: string): Rules {
  const chance = `numgen random mod 100 < ${percent} drop`;
  return {
    input: [`ip saddr ${address} meta l4proto tcp ${chance}`],
    output: [`ip daddr ${address} meta l4proto tcp ${chance}`],
  };
}
