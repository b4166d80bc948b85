import { describe, expect, it } from 'vitest';
import { RoleView } from '../../src/cluster/role-view.ts';
import type { Role } from '../../src/domain/role.ts';

const primary = { isPrimary: true, hostname: undefined };
const nobody = { isPrimary: false, hostname: undefined };
const follows = (hostname: string) => ({ isPrimary: false, hostname });
const replicaOf = (node: string): Role => ({ is: 'replica', primary: node });

describe('the role', () => {
  it.each([
    ['nothing told, no database', undefined, false, { is: 'joining' }],
    ['nothing told, a database', undefined, true, { is: 'detached' }],
    ['primary without a database', primary, false, { is: 'primary' }],
    ['primary', primary, true, { is: 'primary' }],
    ['a named primary, no database yet', follows('a'), false, { is: 'joining' }],
    ['a named primary', follows('a'), true, replicaOf('a')],
    ['no primary known', nobody, true, { is: 'detached' }],
    ['no primary known, no database', nobody, false, { is: 'joining' }],
    ["this node's own name, from its last run", follows('me'), true, { is: 'detached' }],
  ])('of a node with %s', (_, lease, hasDatabase, role) => {
    const view = new RoleView('me');
    if (lease !== undefined) view.saw(lease, 0);
    expect(view.role(hasDatabase, 0)).toEqual(role);
    expect(view.recheckInMs(0)).toBeUndefined();
  });

  it('outlives its stream by a second', () => {
    const view = new RoleView('me');
    view.saw(primary, 0);
    view.lostStream(500);
    view.lostStream(900);
    expect(view.role(true, 1499)).toEqual({ is: 'primary' });
    expect(view.recheckInMs(1000)).toBe(500);
    expect(view.role(true, 1500)).toEqual({ is: 'detached' });
    expect(view.recheckInMs(1500)).toBeUndefined();
    view.saw(primary, 2000);
    expect(view.role(true, 2000)).toEqual({ is: 'primary' });
  });

  it('changes once while a replica tries a dead primary each second', () => {
    const view = new RoleView('me');
    view.saw(follows('a'), 0);
    const seen: Role[] = [view.role(true, 0)];
    const look = (nowMs: number) => {
      const role = view.role(true, nowMs);
      if (JSON.stringify(role) !== JSON.stringify(seen.at(-1))) seen.push(role);
    };
    for (let ms = 60_000; ms < 90_000; ms += 1000) {
      view.saw(nobody, ms);
      look(ms);
      view.saw(follows('a'), ms + 990);
      look(ms + 990);
      look(ms + 999);
    }
    expect(seen).toEqual([replicaOf('a'), { is: 'detached' }]);
  });

  it('changes ever more rarely while each try takes longer than the first doubt', () => {
    const view = new RoleView('me');
    view.saw(follows('a'), 0);
    let changes = 0;
    let last = 'replica';
    for (let ms = 60_000; ms < 120_000; ms += 2000) {
      view.saw(nobody, ms);
      for (const at of [ms, ms + 1999]) {
        if (at !== ms) view.saw(follows('a'), ms + 1000);
        const { is } = view.role(true, at);
        if (is !== last) changes += 1;
        last = is;
      }
    }
    expect(changes).toBeLessThan(8);
  });

  it('is a replica again when the lost primary stays named', () => {
    const view = new RoleView('me');
    view.saw(follows('a'), 0);
    view.saw(nobody, 10_000);
    view.saw(follows('a'), 11_000);
    expect(view.role(true, 11_249)).toEqual({ is: 'detached' });
    expect(view.recheckInMs(11_000)).toBe(250);
    expect(view.role(true, 11_250)).toEqual(replicaOf('a'));
  });

  it('is a replica again at once when the lost primary sends a transaction', () => {
    const view = new RoleView('me');
    view.saw(follows('a'), 0);
    view.saw(nobody, 10_000);
    view.saw(follows('a'), 11_000);
    view.sawTransaction();
    expect(view.role(true, 11_000)).toEqual(replicaOf('a'));
  });

  it('follows another primary at once', () => {
    const view = new RoleView('me');
    view.saw(follows('a'), 0);
    view.saw(nobody, 10_000);
    view.saw(follows('b'), 10_010);
    expect(view.role(true, 10_010)).toEqual(replicaOf('b'));
  });

  it('becomes primary at once', () => {
    const view = new RoleView('me');
    view.saw(follows('a'), 0);
    view.saw(nobody, 10_000);
    view.saw(primary, 10_001);
    expect(view.role(true, 10_001)).toEqual({ is: 'primary' });
    view.saw(nobody, 20_000);
    expect(view.role(true, 20_000)).toEqual({ is: 'detached' });
  });
});
