import type { Failure } from '../../src/domain/failure.ts';
import type { Command } from '../../src/storage/group-commit.ts';
import type { WriterOptions } from '../../src/storage/writer-options.ts';
import { openWriterSession } from '../../src/storage/writer-session.ts';

/*
 * Program of a process whose files may not grow past a limit: creates links until that fails, twice. Says what
 * the failures were and which slugs it was told are there.
 */
using session = openWriterSession(JSON.parse(process.argv[2] ?? '') as WriterOptions);
const created: string[] = [];
const failures: Pick<Failure, 'kind' | 'message'>[] = [];
for (let number = 1; failures.length < 2; number += 1) {
  const link = { slug: `s${number}`, destination: `https://example.com/${'x'.repeat(3_000)}` };
  const command: Command = { name: 'createLink', input: { domainId: 1, link } };
  for (const outcome of session.commits.run([command]).outcomes) {
    if ('value' in outcome) created.push(link.slug);
    else {
      const { kind, message } = outcome.error as Failure;
      failures.push({ kind, message });
    }
  }
}
console.log(JSON.stringify({ created, failures }));
