import { it } from 'vitest';
import { playHistory } from '../support/click-simulation.ts';
import type { Command } from '../support/click-simulation-commands.ts';

/** Histories in which the simulation found a promise broken. They are short, because it makes them so. */
const found: readonly (readonly [title: string, history: readonly Command[]])[] = [
  [
    'a copy of a volume ships the beginning of what the original seals later',
    [
      { do: 'click', node: 2, clicks: 1 },
      { do: 'age' },
      { do: 'click', node: 2, clicks: 1 },
      { do: 'ship', node: 2 },
      { do: 'clone', from: 2, to: 0, as: 'files' },
      { do: 'ship all', node: 0 },
    ],
  ],
  [
    'a twin ships the beginning of a batch, and then one of its own',
    [
      { do: 'click', node: 0, clicks: 1 },
      { do: 'clone', from: 0, to: 1, as: 'twin' },
      { do: 'click', node: 0, clicks: 1 },
      { do: 'click', node: 1, clicks: 1 },
    ],
  ],
  [
    'a twin seals under a number that the primary already has',
    [
      { do: 'clone', from: 1, to: 2, as: 'twin' },
      { do: 'click', node: 1, clicks: 1 },
      { do: 'click', node: 2, clicks: 1 },
      { do: 'seal', node: 2 },
      { do: 'ship', node: 2 },
    ],
  ],
  [
    'a copy of a volume has what its original issues again',
    [
      { do: 'clone', from: 0, to: 2, as: 'twin' },
      { do: 'click', node: 2, clicks: 1 },
      { do: 'wait', ms: 1_100 },
      { do: 'click', node: 0, clicks: 1 },
      { do: 'seal', node: 0 },
      { do: 'click', node: 0, clicks: 1 },
      { do: 'clone', from: 0, to: 1, as: 'files' },
      { do: 'ship all', node: 2 },
    ],
  ],
  [
    'a copy of a volume has two segments of what its original issues again',
    [
      { do: 'clone', from: 0, to: 2, as: 'twin' },
      { do: 'click', node: 2, clicks: 1 },
      { do: 'wait', ms: 1_100 },
      { do: 'stall', node: 0 },
      { do: 'click', node: 0, clicks: 1 },
      { do: 'seal', node: 0 },
      { do: 'click', node: 0, clicks: 1 },
      { do: 'clone', from: 0, to: 1, as: 'files' },
      { do: 'ship all', node: 2 },
    ],
  ],
  [
    'a twin gives up the beginning of a batch, and goes on where the primary already is',
    [
      { do: 'click', node: 0, clicks: 1 },
      { do: 'clone', from: 0, to: 1, as: 'twin' },
      { do: 'click', node: 0, clicks: 1 },
      { do: 'wait', ms: 1_100 },
      { do: 'click', node: 0, clicks: 1 },
      { do: 'ship', node: 1 },
      { do: 'age' },
      { do: 'deliver', at: 0 },
      { do: 'reply', at: 0 },
      { do: 'click', node: 1, clicks: 1 },
      { do: 'ship all', node: 0 },
      { do: 'ship', node: 1 },
    ],
  ],
  [
    'a twin declares lost what the other one still has',
    [
      { do: 'clone', from: 1, to: 0, as: 'twin' },
      { do: 'click', node: 0, clicks: 1 },
      { do: 'crash', node: 0 },
      { do: 'ship all', node: 0 },
      { do: 'replicate', node: 0, behind: 0 },
      { do: 'fail over', lost: 1 },
      { do: 'confirm', node: 0 },
      { do: 'age' },
      { do: 'click', node: 0, clicks: 1 },
      { do: 'click', node: 1, clicks: 1 },
      { do: 'wait', ms: 1_100 },
    ],
  ],
  [
    'a twin lets a batch go because the other one was counted under its number',
    [
      { do: 'clone', from: 1, to: 0, as: 'twin' },
      { do: 'click', node: 0, clicks: 1 },
      { do: 'age' },
      { do: 'click', node: 0, clicks: 1 },
      { do: 'click', node: 1, clicks: 1 },
      { do: 'age' },
      { do: 'ship all', node: 1 },
      { do: 'replicate', node: 0, behind: 0 },
      { do: 'confirm', node: 0 },
    ],
  ],
  [
    'a twin cannot read its batch when it wants to know whether it is the one that is counted',
    [
      { do: 'clone', from: 1, to: 0, as: 'twin' },
      { do: 'click', node: 1, clicks: 1 },
      { do: 'click', node: 0, clicks: 1 },
      { do: 'age' },
      { do: 'ship all', node: 0 },
      { do: 'break', node: 1, call: 'loadFile', times: 1 },
      { do: 'ship all', node: 1 },
    ],
  ],
  [
    'a batch is damaged again after it was mended',
    [
      { do: 'click', node: 1, clicks: 1 },
      { do: 'crash', node: 1 },
      { do: 'rot', node: 1, at: 0, byte: 0 },
      { do: 'ship all', node: 1 },
      { do: 'fail over', lost: 1 },
      { do: 'rot', node: 1, at: 0, byte: 0 },
    ],
  ],
  [
    'a batch is damaged while there is no room to mend it',
    [
      { do: 'click', node: 1, clicks: 1 },
      { do: 'age' },
      { do: 'rot', node: 1, at: 0, byte: 0 },
      { do: 'fill', node: 1, bytes: 0 },
      { do: 'ship all', node: 1 },
    ],
  ],
  [
    'the power goes long after a crash, and there was no room to seal since',
    [
      { do: 'click', node: 0, clicks: 1 },
      { do: 'fill', node: 0, bytes: 0 },
      { do: 'crash', node: 0 },
      { do: 'age' },
      { do: 'lose power', node: 0, seed: 18 },
    ],
  ],
  [
    'a disk holds a part of a frame whose clicks were dropped, and cannot cut it off',
    [
      { do: 'fill', node: 0, bytes: 220 },
      { do: 'click', node: 0, clicks: 1 },
      { do: 'click', node: 0, clicks: 1 },
      { do: 'break', node: 0, call: 'truncate', times: 1 },
      { do: 'click', node: 0, clicks: 1 },
      { do: 'click', node: 0, clicks: 1 },
      { do: 'crash', node: 0 },
    ],
  ],
  [
    'nothing was left of a batch on one of two volumes of a producer, and the other has it',
    [
      { do: 'clone', from: 1, to: 2, as: 'twin' },
      { do: 'stall', node: 1 },
      { do: 'click', node: 1, clicks: 1 },
      { do: 'click', node: 2, clicks: 1 },
      { do: 'seal', node: 1 },
      { do: 'crash', node: 2 },
      { do: 'click', node: 1, clicks: 1 },
      { do: 'seal', node: 1 },
      { do: 'click', node: 2, clicks: 1 },
      { do: 'click', node: 1, clicks: 1 },
      { do: 'lose power', node: 1, seed: 1735 },
    ],
  ],
  [
    'one of two volumes of a producer was sealed and not shipped when its process ended',
    [
      { do: 'clone', from: 0, to: 1, as: 'twin' },
      { do: 'click', node: 0, clicks: 1 },
      { do: 'age' },
      { do: 'ship all', node: 0 },
      { do: 'click', node: 1, clicks: 1 },
      { do: 'replicate', node: 1, behind: 0 },
      { do: 'age' },
      { do: 'lose power', node: 1, seed: 0 },
      { do: 'confirm', node: 1 },
      { do: 'age' },
      { do: 'click', node: 1, clicks: 1 },
    ],
  ],
];

it.each(found)('all is well when %s', async (_, history) => {
  await playHistory(history, { maxRows: 16 });
});
