import { expect, test } from 'vitest';
import { Display } from '../../scripts/cluster/display.ts';
import type { NodeStatus } from '../../scripts/cluster/node-status.ts';
import { firstNodes, planNode } from '../../scripts/cluster/topology.ts';

const node = (id: string, more: Partial<NodeStatus> = {}): NodeStatus => ({
  id,
  region: id.slice(0, 3),
  url: `http://${id}.test`,
  state: 'replica',
  txid: '0000000000000001',
  ...more,
});

function screen(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, written, write: (text: string) => written.push(text) };
}

test('on a terminal the table is drawn again in its place, when something changed', () => {
  const tty = screen(true);
  const display = new Display(tty);
  display.show([node('ams1', { state: 'primary' }), node('syd1')]);
  display.show([node('ams1', { state: 'primary' }), node('syd1')]);
  display.show([node('ams1', { state: 'stopped', txid: '' }), node('syd1')]);
  display.say('ams1 has ended.');
  expect(tty.written).toEqual([
    'node  region  role     position          address\n' +
      'ams1  ams     primary  0000000000000001  http://ams1.test\n' +
      'syd1  syd     replica  0000000000000001  http://syd1.test\n',
    '\x1b[3A\x1b[J',
    'node  region  role     position          address\n' +
      'ams1  ams     stopped                    http://ams1.test\n' +
      'syd1  syd     replica  0000000000000001  http://syd1.test\n',
    '\x1b[3A\x1b[J',
    'ams1 has ended.\n',
  ]);
});

test('elsewhere a change of role is a line, and a new position is none', () => {
  const file = screen(false);
  const display = new Display(file);
  display.show([node('ams1'), node('syd1')]);
  display.show([node('ams1', { state: 'primary' }), node('syd1', { txid: '0000000000000002' })]);
  expect(file.written).toEqual([
    'ams1  ams  replica  0000000000000001  http://ams1.test\n',
    'syd1  syd  replica  0000000000000001  http://syd1.test\n',
    'ams1  ams  primary  0000000000000001  http://ams1.test\n',
  ]);
});

test('a node that joins runs where its letters say, or where it is told, and is no candidate', () => {
  expect(planNode(firstNodes, 'syd2')).toEqual({
    id: 'syd2',
    region: 'syd',
    candidate: false,
    host: 5,
  });
  expect(planNode(firstNodes, 'ams3')).toMatchObject({ candidate: false });
  expect(planNode(firstNodes, 'fra1', 'iad')).toMatchObject({ region: 'iad' });
});

test.for([
  ['syd1', undefined, 'is in the cluster already'],
  ['fra1', undefined, 'fra is not a region of this cluster: ams, iad, syd'],
  ['syd2', 'gru', 'gru is not a region'],
  ['sydney2', undefined, 'is not the id of a node'],
  ['../1', undefined, 'is not the id of a node'],
] as const)('the node %s in %s is refused', ([id, region, says]) => {
  expect(() => planNode(firstNodes, id, region)).toThrow(says);
});
