import { seededRandom } from '../../../test/support/seeded-random.ts';

/** Draws that are the same for the same seed. */
export interface Chance {
  /** At least 0, less than 1. */
  draw(): number;
  /** A whole number from 0 to `below - 1`. */
  whole(below: number): number;
  /** One of them. Throws when there is none. */
  pick<T>(from: readonly T[]): T;
  /** All of them, in some order. */
  shuffle<T>(from: readonly T[]): T[];
  /** Draws that do not depend on how often others draw. */
  child(name: string): Chance;
}

export function createChance(seed: string): Chance {
  const random = seededRandom(seed);
  const draw = () => Buffer.from(random.bytes(4)).readUInt32LE() / 2 ** 32;
  const whole = (below: number) => Math.floor(draw() * below);
  return {
    draw,
    whole,
    pick(from) {
      if (from.length === 0) throw new Error('there is nothing to pick from');
      return from[whole(from.length)] as (typeof from)[number];
    },
    shuffle(from) {
      const left = [...from];
      return from.map(() => left.splice(whole(left.length), 1)[0] as (typeof from)[number]);
    },
    child: (name) => createChance(`${seed}/${name}`),
  };
}
