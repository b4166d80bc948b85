import { Failure } from '../domain/failure.ts';

/** Who a request speaks for, as far as it has shown. */
export type Caller =
  /** Showed nothing. Enough in open mode. */
  | { readonly is: 'anonymous' }
  | { readonly is: 'key'; readonly keyId: number; readonly session: boolean }
  /** Holds `ADMIN_KEY`. */
  | { readonly is: 'admin'; readonly session: boolean }
  /** Holds the fleet's secret: the command line on a node's private port. */
  | { readonly is: 'operator' };

/** Whether callers need a key (`keys`) or not (`open`). */
export type AccessMode = 'open' | 'keys';

/** What an operation asks of its caller. */
export type Access = 'everyone' | 'user' | 'administrator';

/** Throws `unauthenticated` or `forbidden` when `caller` may not do what asks for `access`. */
export function requireAccess(caller: Caller, access: Access, mode: AccessMode): void {
  if (access === 'everyone' || isAdministrator(caller)) return;
  if (access === 'user' && (mode === 'open' || caller.is === 'key')) return;
  if (caller.is === 'anonymous') {
    throw new Failure('unauthenticated', 'This needs a key: send "Authorization: Bearer <key>".');
  }
  throw new Failure('forbidden', 'This needs the admin key.');
}

/** Whether `caller` may manage keys and take links down. */
export function isAdministrator(caller: Caller): boolean {
  return caller.is === 'admin' || caller.is === 'operator';
}

/** Makes the rule of who may take links down: administrators, and everybody where nobody else could. */
export function createMayTakeDown(settings: {
  readonly access: AccessMode;
  readonly adminKeys: readonly string[];
}): (caller: Caller) => boolean {
  const anyoneMay = settings.access === 'open' && settings.adminKeys.length === 0;
  return (caller) => anyoneMay || isAdministrator(caller);
}

/** Whether a session in a browser belongs to the caller. */
export function hasSession(caller: Caller): boolean {
  return (caller.is === 'key' || caller.is === 'admin') && caller.session;
}
