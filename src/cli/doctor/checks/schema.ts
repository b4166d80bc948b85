import type { Facts } from '../facts.ts';
import { fail, ok, type Verdict, warn } from '../verdict.ts';

/** This node's copy of links.db has the schema that this release declares. */
export function checkSchema({ schema, litefs }: Pick<Facts, 'schema' | 'litefs'>): Verdict[] {
  return judge(schema, litefs);
}

/** So has that of clicks.db. */
export function checkClickSchema({
  clickSchema,
  litefs,
}: Pick<Facts, 'clickSchema' | 'litefs'>): Verdict[] {
  return judge(clickSchema, litefs);
}

function judge(schema: Facts['schema'], litefs: Facts['litefs']): Verdict[] {
  if (schema === undefined) return [];
  if (schema.is === 'absent') {
    return [
      warn(
        `there is no database at ${schema.file} yet`,
        litefs === undefined ? 'the first start makes it' : 'the primary makes it',
      ),
    ];
  }
  if (schema.is === 'unreadable') {
    return [
      fail(schema.why, 'see "hoplite migrate status"; a file that was released never changes'),
    ];
  }
  const filesIn = (wanted: string) =>
    schema.migrations.filter(({ state }) => state === wanted).map(({ file }) => file);
  const pending = filesIn('pending');
  const newer = filesIn('newer');
  if (pending.length > 0) return [judgePending(pending, litefs)];
  if (newer.length > 0) return [ok(`a newer release has added ${newer.join(', ')}`)];
  if (schema.drift.length > 0) {
    return [
      fail(
        `the schema is not the declared one: ${schema.drift.join('; ')}`,
        'somebody changed it by hand; undo that, or bring it in with a migration',
      ),
    ];
  }
  return [ok(`as declared, up to ${filesIn('applied').at(-1)}`)];
}

function judgePending(pending: readonly string[], litefs: Facts['litefs']): Verdict {
  const detail = `${pending.join(', ')} ${pending.length === 1 ? 'is' : 'are'} not applied`;
  const isReplica = litefs?.is === 'answering' && !litefs.isPrimary;
  return isReplica
    ? warn(detail, 'the primary applies them when it runs this release')
    : fail(detail, 'run "hoplite migrate up", or restart the app, which does it too');
}
