import type { Mutant } from './mutant.ts';

/** Each protection that a fleet rests on, taken away. */
export const mutants: readonly Mutant[] = [
  {
    name: 'ack-wait',
    without: 'waiting for the other candidate: every write is called replicated at once',
    changes: [
      {
        file: 'src/cluster/acknowledged-writer.ts',
        find: 'const durability = await this.#wait(acknowledger.acknowledge(written.position));',
        replace: [
          'void this.#wait(acknowledger.acknowledge(written.position));',
          "const durability = 'replicated' as Durability;",
        ].join('\n    '),
      },
    ],
    faults: ['link-cut'],
    times: 3,
    invariants: ['L1', 'L2'],
  },
  {
    name: 'fence',
    without: 'the look at the lease before a write is acknowledged',
    changes: [
      {
        file: 'src/cluster/lease-fence.ts',
        find: 'return view !== undefined && isLeaseSure(view, this.#clock.monotonicMs());',
        replace:
          'return view === undefined || isLeaseSure(view, this.#clock.monotonicMs()) || true;',
      },
    ],
    faults: ['node-paused'],
    times: 2,
    invariants: ['L5'],
  },
  {
    name: 'guard-time-outs',
    without: 'the bound of calls to Consul',
    changes: [
      {
        file: 'src/guard/consul-call.ts',
        find: 'export const consulTimeoutMs = 2_000;',
        replace: 'export const consulTimeoutMs = 600_000;',
      },
    ],
    faults: ['consul-black-hole'],
    times: 1,
    invariants: ['O2', 'O3'],
  },
  {
    name: 'acquire-gate',
    without: 'the refusal to let a node lead that is behind the mark',
    changes: [
      {
        file: 'src/guard/acquire-gate.ts',
        find: "if (mark !== undefined && hasReached(own, mark)) return allow('caught-up');",
        replace: "if (mark !== undefined) return allow('caught-up');",
      },
    ],
    faults: ['stale-candidate'],
    times: 1,
    invariants: ['L4'],
  },
  {
    name: 'drain',
    without: 'the drain: a primary that is told to end ends with the lease',
    changes: [
      {
        file: 'src/app/lease-moves.ts',
        find: "if (guard === undefined || cluster.role().is !== 'primary') return;",
        replace:
          "if (guard === undefined || cluster.role().is !== 'primary' || this.#isLeaving) return;",
      },
    ],
    faults: ['sigterm'],
    times: 2,
    invariants: ['O5'],
  },
  {
    name: 'position-check',
    without: 'reading the position after COMMIT: answers name the one before it',
    changes: [
      {
        file: 'src/storage/group-commit.ts',
        find: [
          '    if (position === undefined || before === undefined || position.txid <= before.txid) {',
          '      return this.#refuseAll(commands, outcomeUnknown());',
          '    }',
          '    return { outcomes, position };',
        ].join('\n'),
        replace: [
          '    if (position === undefined) return this.#refuseAll(commands, outcomeUnknown());',
          '    return { outcomes, position: before };',
        ].join('\n'),
      },
    ],
    faults: ['link-cut'],
    times: 3,
    invariants: ['L1', 'L2', 'L3', 'L9'],
  },
  {
    name: 'cursor-in-transaction',
    without: 'moving the cursor in the transaction that counts: the next one moves it',
    changes: [
      {
        file: 'src/domain/merge-clicks.ts',
        find: 'const maxRowsPerMerge = 5_000;\n',
        replace: 'const maxRowsPerMerge = 5_000;\nconst lateCursors: ClickCursor[] = [];\n',
      },
      {
        file: 'src/domain/merge-clicks.ts',
        find: '  const heldBack = new Set<ProducerId>();\n',
        replace: [
          '  for (const late of lateCursors.splice(0)) store.putCursor(late);',
          '  const heldBack = new Set<ProducerId>();\n',
        ].join('\n'),
      },
      {
        file: 'src/domain/merge-clicks.ts',
        find: 'store.putCursor(moved);',
        replace: 'lateCursors.push(moved);',
      },
    ],
    faults: ['kill-9'],
    times: 4,
    invariants: ['K1', 'K6'],
  },
  {
    name: 'keep-after-ack',
    without: 'keeping a batch that was counted: it goes as soon as this copy shows it',
    changes: [
      {
        file: 'src/clicks/spool/keep.ts',
        find: 'const { clock, retentionMs, heldForMs } = this.#options;',
        replace: 'const { clock, heldForMs } = this.#options;\n    const retentionMs = 0;',
      },
    ],
    faults: ['clicks-restored'],
    times: 1,
    invariants: ['K3', 'K7'],
  },
  {
    name: 'epoch-in-bookmark',
    without: 'the epoch in a bookmark: its txid alone is compared',
    changes: [
      {
        file: 'src/cluster/bookmark-standing.ts',
        find: "return hasReached(own, bookmark) ? 'reached' : 'behind';",
        replace:
          "return hasReached({ ...own, epoch: bookmark.epoch }, bookmark) ? 'reached' : 'behind';",
      },
    ],
    faults: ['follower-left-behind'],
    times: 1,
    invariants: ['L9', 'L13'],
  },
];
