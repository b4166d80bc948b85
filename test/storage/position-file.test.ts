import { expect, test } from 'vitest';
import { PositionFile } from '../../src/storage/position-file.ts';
import { FakeMount, positionAt } from '../support/fake-mount.ts';

test('a kept-open position follows the file', () => {
  using mount = new FakeMount();
  using position = new PositionFile(`${mount.directory}/links.db-pos`);
  for (const txid of [1, 2, 300]) {
    mount.setPosition(positionAt(txid));
    expect(position.read()).toEqual(positionAt(txid));
  }
});

test('a position appears with its file', () => {
  using mount = new FakeMount();
  using position = new PositionFile(`${mount.directory}/links.db-pos`);
  expect(position.read()).toBeUndefined();
  mount.setPosition(positionAt(1));
  expect(position.read()).toEqual(positionAt(1));
});

test.each(['', 'nonsense', '0000000000000001', '000000000000001/0000000000000001'])(
  'what is not a position cannot be told: %j',
  (text) => {
    using mount = new FakeMount();
    using position = new PositionFile(`${mount.directory}/links.db-pos`);
    mount.write('links.db-pos', text);
    expect(position.read()).toBeUndefined();
  },
);

test('a file that cannot be read is tried anew each time', () => {
  using mount = new FakeMount();
  using position = new PositionFile(`${mount.directory}/links.db-pos`);
  mount.die();
  expect(position.read()).toBeUndefined();
  mount.remove('links.db-pos');
  mount.setPosition(positionAt(5));
  expect(position.read()).toEqual(positionAt(5));
});
