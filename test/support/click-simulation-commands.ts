import fc from 'fast-check';

/** Something that happens to a fleet that counts clicks. `node` and `at` are taken modulo how many there are. */
export type Command =
  /** A tick with so many clicks. */
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
  /** Of all requests that were ever sent, one arrives again. */
  | { readonly do: 'duplicate'; readonly at: number }
  | { readonly do: 'reply' | 'lose reply'; readonly at: number }
  | { readonly do: 'crash' | 'wipe'; readonly node: number }
  | { readonly do: 'lose power'; readonly node: number; readonly seed: number }
  /** A node loses its volume and gets one of another node: file by file, as blocks, or with its node id too. */
  | {
      readonly do: 'clone';
      readonly from: number;
      readonly to: number;
      readonly as: 'files' | 'blocks' | 'twin';
    }
  /** A volume is remembered, and later back as it was then. */
  | { readonly do: 'snapshot' | 'rewind'; readonly node: number }
  /** The primary's process ends around the next commit. */
  | { readonly do: 'crash primary'; readonly when: 'before' | 'during' | 'after' }
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

/** What a history may be made of; what is not named may not happen. */
export interface HistoryOptions {
  readonly maxCommands: number;
}

const node = fc.nat(2);
const at = fc.nat(7);

function one<Name extends Command['do']>(name: Name) {
  return fc.constant(name);
}

const weighted: readonly { readonly weight: number; readonly arbitrary: fc.Arbitrary<Command> }[] =
  [
    {
      weight: 14,
      arbitrary: fc.record({ do: one('click'), node, clicks: fc.integer({ min: 1, max: 3 }) }),
    },
    { weight: 6, arbitrary: fc.record({ do: one('wait'), ms: fc.constantFrom(60, 300, 1_100) }) },
    { weight: 2, arbitrary: fc.record({ do: one('sync'), node }) },
    { weight: 8, arbitrary: fc.record({ do: one('seal'), node }) },
    { weight: 10, arbitrary: fc.record({ do: one('ship'), node }) },
    { weight: 8, arbitrary: fc.record({ do: one('ship all'), node }) },
    { weight: 10, arbitrary: fc.record({ do: one('deliver'), at }) },
    { weight: 2, arbitrary: fc.record({ do: one('lose request'), at }) },
    { weight: 3, arbitrary: fc.record({ do: one('duplicate'), at: fc.nat(50) }) },
    { weight: 10, arbitrary: fc.record({ do: one('reply'), at }) },
    { weight: 2, arbitrary: fc.record({ do: one('lose reply'), at }) },
    { weight: 3, arbitrary: fc.record({ do: one('crash'), node }) },
    { weight: 2, arbitrary: fc.record({ do: one('lose power'), node, seed: fc.nat(9_999) }) },
    { weight: 1, arbitrary: fc.record({ do: one('wipe'), node }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: one('clone'),
        from: node,
        to: node,
        as: fc.constantFrom('files' as const, 'blocks' as const, 'twin' as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: one('snapshot'), node }) },
    { weight: 1, arbitrary: fc.record({ do: one('rewind'), node }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: one('crash primary'),
        when: fc.constantFrom('before' as const, 'during' as const, 'after' as const),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: one('fail over'), lost: fc.nat(4) }) },
    { weight: 1, arbitrary: fc.record({ do: one('back up') }) },
    { weight: 1, arbitrary: fc.record({ do: one('restore'), at }) },
    { weight: 5, arbitrary: fc.record({ do: one('replicate'), node, behind: fc.nat(2) }) },
    { weight: 4, arbitrary: fc.record({ do: one('confirm'), node }) },
    { weight: 3, arbitrary: fc.record({ do: one('ask'), node }) },
    { weight: 2, arbitrary: fc.record({ do: one('notice'), node }) },
    { weight: 1, arbitrary: fc.record({ do: one('fill'), node, bytes: fc.nat(400) }) },
    { weight: 3, arbitrary: fc.record({ do: one('heal'), node }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: one('break'),
        node,
        call: fc.constantFrom(...diskCalls),
        times: fc.integer({ min: 1, max: 3 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: one('stall'), node }) },
    { weight: 4, arbitrary: fc.record({ do: one('disk'), node, at }) },
    { weight: 1, arbitrary: fc.record({ do: one('rot'), node, at, byte: fc.nat(400) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: one('set clock'),
        node,
        ms: fc.constantFrom(-7_200_000, -1_000, 5_000, 7_200_000, 400_000_000),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: one('age') }) },
    { weight: 1, arbitrary: fc.record({ do: one('upgrade'), node }) },
    { weight: 1, arbitrary: fc.record({ do: one('upgrade primary') }) },
  ];

/** Random histories. */
export function anyHistory({ maxCommands }: HistoryOptions): fc.Arbitrary<Command[]> {
  return fc.array(fc.oneof(...weighted), { maxLength: maxCommands, size: 'max' });
}
