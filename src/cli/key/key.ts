import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addKeyCreate } from './create.ts';
import { addKeyList } from './list.ts';
import { addKeyRevoke } from './revoke.ts';

/** `hoplite key …`: who may use the API. */
export function addKey(program: Command, context: Context): void {
  const key = program.command('key').description('create, list and revoke keys for the API');
  addKeyCreate(key, context);
  addKeyList(key, context);
  addKeyRevoke(key, context);
}
