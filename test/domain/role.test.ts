import { expect, test } from 'vitest';
import { isSameRole, type Role } from '../../src/domain/role.ts';

const roles: readonly Role[] = [
  { is: 'joining' },
  { is: 'replica', primary: 'a' },
  { is: 'replica', primary: 'b' },
  { is: 'primary' },
  { is: 'detached' },
];

test('a role is the same as itself and no other, the primary it follows included', () => {
  for (const [index, role] of roles.entries()) {
    expect(roles.map((other) => isSameRole(role, { ...other }))).toEqual(
      roles.map((_, other) => other === index),
    );
  }
});
