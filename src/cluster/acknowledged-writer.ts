import type { Durability } from '../domain/durability.ts';
import { Failure } from '../domain/failure.ts';
import { outcomeUnknown } from '../domain/outcome-unknown.ts';
import type { Position } from '../domain/position.ts';
import type { ClickCommands, Committed, WriterCommands, Written } from '../domain/writer.ts';
import type { Acknowledger } from './acknowledger.ts';
import type { ClosableWriter } from './primary-writer.ts';

/** A writer that says where its first transaction brought `links.db`. */
export interface PositionedWriter extends ClosableWriter {
  readonly opened: { readonly epoch: number; readonly position: Position | undefined };
}

/** What an `AcknowledgedWriter` needs. */
export interface AcknowledgedWriterOptions {
  readonly writer: PositionedWriter;
  readonly acknowledger: Pick<Acknowledger, 'begin' | 'end' | 'acknowledge'>;
  readonly fence: { readonly isOpen: boolean };
  /** Whether a write that is not known to be replicated fails. */
  readonly isStrict: boolean;
  /** Hears what became of each write that took effect. */
  readonly observe: (durability: Durability, waitedMs: number) => void;
}

/**
 * A writer whose writes to `links.db` are answered when it is known whether the other candidate has them. What changed
 * nothing, as a create that is repeated, is as safe as the position that it found.
 *
 * The fence is looked at last: while the other candidate was waited for, the lease may have gone.
 */
export class AcknowledgedWriter implements ClosableWriter {
  readonly opened: PositionedWriter['opened'];
  readonly ended: Promise<Error | undefined>;
  readonly #options: AcknowledgedWriterOptions;
  readonly #waiting = new Set<Promise<Durability>>();

  constructor(options: AcknowledgedWriterOptions) {
    this.#options = options;
    this.opened = options.writer.opened;
    this.ended = options.writer.ended;
    if (this.opened.position !== undefined) options.acknowledger.begin(this.opened.position);
  }

  async run<Name extends keyof WriterCommands>(
    name: Name,
    input: Parameters<WriterCommands[Name]>[0],
  ): Promise<Written<ReturnType<WriterCommands[Name]>>> {
    const { writer, acknowledger, fence, isStrict, observe } = this.#options;
    const written = await writer.run(name, input);
    if (written.position === undefined) throw outcomeUnknown();
    const startedMs = performance.now();
    const durability = await this.#wait(acknowledger.acknowledge(written.position));
    observe(durability, performance.now() - startedMs);
    if (!fence.isOpen) throw outcomeUnknown();
    if (durability === 'local' && isStrict) throw notReplicated();
    return { ...written, durability };
  }

  count<Name extends keyof ClickCommands>(
    name: Name,
    input: Parameters<ClickCommands[Name]>[0],
  ): Promise<Committed<ReturnType<ClickCommands[Name]>>> {
    return this.#options.writer.count(name, input);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.writer[Symbol.asyncDispose]();
    // What was written last is not `local` because this node hands the lease over: a second at most.
    await Promise.all(this.#waiting);
    this.#options.acknowledger.end();
  }

  async #wait(acknowledgement: Promise<Durability>): Promise<Durability> {
    this.#waiting.add(acknowledgement);
    const durability = await acknowledgement;
    this.#waiting.delete(acknowledgement);
    return durability;
  }
}

function notReplicated(): Failure {
  return new Failure(
    'not_replicated',
    'This is on the disk of the primary, and not known to be on a second machine yet. Ask again with the same Idempotency-Key.',
    { retryAfterS: 1 },
  );
}
