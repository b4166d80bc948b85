import fc from 'fast-check';

/** Something that happens to a fleet that counts clicks. `node` and `at` are taken modulo how many there are. */
export type Command =
  /** A tick with so many clicks; without any, with a hit of a link that nobody knows. */
  | { readonly do: 'click'; readonly node: number; readonly clicks: number }
  /** Time goes by everywhere, and the spools do what is due. */
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'sync' | 'seal'; readonly node: number }
  /** The shipper begins its next step; what it sends stays on its way. */
  | { readonly do: 'ship'; readonly node: number }
  /** The shipper works until it is idle, over a network without faults. */
  | { readonly do: 'ship all'; readonly node: number }
  /** Of all requests on their way, one arrives. */
  | { readonly do: 'deliver' | 'lose request'; readonly at: number }
  /** Of all requests that were ever sent, one arrives again; of the newest ones, only what follows the first batch. */
  | { readonly do: 'duplicate' | 'overtake'; readonly at: number }
  | { readonly do: 'reply' | 'lose reply'; readonly at: number }
  | { readonly do: 'crash' | 'wipe'; readonly node: number }
  | { readonly do: 'lose power'; readonly node: number; readonly seed: number }
  /**
   * A node loses its volume and gets one of another node: file by file, with the other's node id too (`namesake`), as
   * blocks, or as blocks and with the node id (`twin`), so that nothing tells them apart.
   */
  | {
      readonly do: 'clone';
      readonly from: number;
      readonly to: number;
      readonly as: 'files' | 'namesake' | 'blocks' | 'twin';
    }
  /** A volume is remembered, and later back as it was then. */
  | { readonly do: 'snapshot' | 'rewind'; readonly node: number }
  /** The primary's process ends around the next commit. */
  | { readonly do: 'crash primary'; readonly when: 'before' | 'during' | 'after' }
  /** The primary's transactions wait; those that wait are done. */
  | { readonly do: 'slow primary' | 'write' }
  /** Another primary takes over, which misses the last commits. */
  | { readonly do: 'fail over'; readonly lost: number }
  | { readonly do: 'back up' }
  | { readonly do: 'restore'; readonly at: number }
  /** A node's copy gets what the primary had some commits ago. */
  | { readonly do: 'replicate'; readonly node: number; readonly behind: number }
  /** A node looks at its own copy; asks the primary again; hears that the primary changed. */
  | { readonly do: 'confirm' | 'ask' | 'notice'; readonly node: number }
  /** A disk has room for only so many bytes more; has room again, and no errors. */
  | { readonly do: 'fill'; readonly node: number; readonly bytes: number }
  | { readonly do: 'heal'; readonly node: number }
  /** The next calls of this name fail. */
  | {
      readonly do: 'break';
      readonly node: number;
      readonly call: DiskCall;
      readonly times: number;
    }
  /** What the disk does away from the thread stays undone; one such thing is done. */
  | { readonly do: 'stall'; readonly node: number }
  | { readonly do: 'disk'; readonly node: number; readonly at: number }
  /** A byte of a batch changes on the disk. */
  | { readonly do: 'rot'; readonly node: number; readonly at: number; readonly byte: number }
  | { readonly do: 'set clock'; readonly node: number; readonly ms: number }
  /** Retention is over for all that was sealed. */
  | { readonly do: 'age' }
  /** A node, or the primary, gets the release with a new version of the format. */
  | { readonly do: 'upgrade'; readonly node: number }
  | { readonly do: 'upgrade primary' };

const diskCalls = [
  'append',
  'truncate',
  'sync',
  'writeFile',
  'rename',
  'remove',
  'syncFolder',
  'loadFile',
  'openSegment',
  'readFile',
] as const;
export type DiskCall = (typeof diskCalls)[number];

/** What a history may be made of. */
export interface HistoryOptions {
  readonly maxCommands: number;
  /**
   * Whether there may be more than one volume of a producer, or one that goes back in time. Without, what is lost is told
   * exactly, and batches may be damaged on the disk.
   */
  readonly hasForks: boolean;
}

/** A command, and how often it comes in relation to others. */
interface Weighted {
  readonly weight: number;
  readonly arbitrary: fc.Arbitrary<Command>;
}

function weigh<Name extends Command['do']>(
  weight: number,
  name: Name,
  fields: { [Field in keyof Extract<Command, { do: Name }>]?: fc.Arbitrary<unknown> } = {},
): Weighted {
  const arbitrary = fc.record({ do: fc.constant(name), ...fields });
  return { weight, arbitrary: arbitrary as unknown as fc.Arbitrary<Command> };
}

const node = fc.nat(2);
const at = fc.nat(7);

const common: readonly Weighted[] = [
  weigh(14, 'click', { node, clicks: fc.integer({ min: 1, max: 3 }) }),
  weigh(3, 'click', { node, clicks: fc.constant(0) }),
  weigh(6, 'wait', { ms: fc.constantFrom(60, 300, 1_100) }),
  weigh(2, 'sync', { node }),
  weigh(8, 'seal', { node }),
  weigh(10, 'ship', { node }),
  weigh(8, 'ship all', { node }),
  weigh(10, 'deliver', { at }),
  weigh(2, 'lose request', { at }),
  weigh(3, 'duplicate', { at: fc.nat(50) }),
  weigh(3, 'overtake', { at: fc.nat(2) }),
  weigh(10, 'reply', { at }),
  weigh(2, 'lose reply', { at }),
  weigh(3, 'crash', { node }),
  weigh(2, 'lose power', { node, seed: fc.nat(9_999) }),
  weigh(1, 'wipe', { node }),
  weigh(2, 'crash primary', { when: fc.constantFrom('before', 'during', 'after') }),
  weigh(2, 'slow primary'),
  weigh(4, 'write'),
  weigh(3, 'fail over', { lost: fc.nat(4) }),
  weigh(1, 'back up'),
  weigh(1, 'restore', { at }),
  weigh(5, 'replicate', { node, behind: fc.nat(2) }),
  weigh(4, 'confirm', { node }),
  weigh(3, 'ask', { node }),
  weigh(2, 'notice', { node }),
  weigh(1, 'fill', { node, bytes: fc.nat(400) }),
  weigh(3, 'heal', { node }),
  weigh(2, 'break', {
    node,
    call: fc.constantFrom(...diskCalls),
    times: fc.integer({ min: 1, max: 3 }),
  }),
  weigh(2, 'stall', { node }),
  weigh(4, 'disk', { node, at }),
  weigh(1, 'set clock', {
    node,
    ms: fc.constantFrom(-7_200_000, -1_000, 5_000, 7_200_000, 400_000_000),
  }),
  weigh(2, 'age'),
  weigh(1, 'upgrade', { node }),
  weigh(1, 'upgrade primary'),
];

/** Of a copy that is damaged in the middle nobody could tell that it is the same batch. */
const withoutForks = [weigh(1, 'rot', { node, at, byte: fc.nat(400) })];

const withForks = [
  weigh(2, 'clone', {
    from: node,
    to: node,
    as: fc.constantFrom('files', 'namesake', 'blocks', 'twin'),
  }),
  weigh(1, 'snapshot', { node }),
  weigh(1, 'rewind', { node }),
];

/** Random histories. */
export function anyHistory({ maxCommands, hasForks }: HistoryOptions): fc.Arbitrary<Command[]> {
  const command = fc.oneof(...common, ...(hasForks ? withForks : withoutForks));
  return fc.array(command, { maxLength: maxCommands, size: 'max' });
}
