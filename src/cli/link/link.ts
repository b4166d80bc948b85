import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addLinkCreate } from './create.ts';
import { addLinkDelete } from './delete.ts';
import { addLinkList } from './list.ts';
import { addLinkShow } from './show.ts';

/** `hoplite link …`: links, through the node of this machine. */
export function addLink(program: Command, context: Context): void {
  const link = program.command('link').description('create, list, show and delete links');
  addLinkCreate(link, context);
  addLinkList(link, context);
  addLinkShow(link, context);
  addLinkDelete(link, context);
}
