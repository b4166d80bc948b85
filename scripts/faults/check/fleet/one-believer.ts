import type { EventOf } from '../../history.ts';
import type { Invariant } from '../invariant.ts';

/** A node that hung learns this late that it leads no more. */
const toleratedMs = 100;
const deadMountMs = 1_250;

type Belief = EventOf<'believes'>;

/** A time in which a node said the same thing without a doubt. */
interface Span {
  readonly said: Belief;
  readonly untilAt: number;
}

/**
 * O2. No two nodes take writes at the same time, and an app takes none while its LiteFS says that it is no primary.
 */
export const oneBeliever: Invariant = {
  id: 'O2',
  sentence: 'No node believes it is primary while another one is, or while nobody is.',
  judge({ events }, tally) {
    tally.look(events.believes.reduce((sum, { samples }) => sum + samples, 0));
    const believing: Span[] = [];
    for (const said of toSpans(events.believes)) {
      const lastedMs = said.untilAt - said.said.at;
      if (isAlone(said.said) && lastedMs > toleratedMs + answerMs(said.said)) {
        tally.offend(
          `${said.said.node} took writes for ${Math.round(lastedMs)} ms although its LiteFS was no primary.`,
          [said.said],
        );
      }
      if (!said.said.takesWrites) continue;
      for (const other of believing) {
        const bothMs = Math.min(other.untilAt, said.untilAt) - said.said.at;
        if (other.said.node === said.said.node) continue;
        if (bothMs <= Math.max(toleratedFor(other.said), toleratedFor(said.said))) continue;
        tally.offend(
          `${other.said.node} and ${said.said.node} both took writes for ${Math.round(bothMs)} ms.`,
          [other.said, said.said],
        );
      }
      believing.push(said);
    }
  },
};

/** An app whose LiteFS does not answer writes nothing, and ends when it finds that it is dead (O14). */
function toleratedFor(belief: Belief): number {
  return (belief.liteFsPrimary === null ? deadMountMs : toleratedMs) + answerMs(belief);
}

/** How long the node took to say so: on a busy machine it learns as late as it answers. */
function answerMs({ at, askedAt }: Belief): number {
  return at - askedAt;
}

function isAlone({ takesWrites, liteFsPrimary }: Belief): boolean {
  return takesWrites === true && liteFsPrimary === false;
}

/**
 * From the answer on, until the question whose answer was different. What a node said last lasts no longer than that: for
 * how much longer nobody knows.
 */
function toSpans(beliefs: readonly Belief[]): Span[] {
  const nextOf = new Map<string, Belief>();
  return beliefs
    .toReversed()
    .map((said) => {
      const next = nextOf.get(said.node);
      nextOf.set(said.node, said);
      return { said, untilAt: next?.askedAt ?? said.at };
    })
    .reverse();
}
