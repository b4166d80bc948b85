import { destinationFrame, slugLength } from './slugs.ts';

/** Where the parts of a server's answers lie. All answers of one server to one method have the same form. */
interface Form {
  readonly bytes: number;
  readonly destinationAt: number;
}

/**
 * Judges whether answers are redirects to the right place, one server's.
 *
 * The first answer is read in full, and tells where the destination stands; those that follow need only have the
 * same length, the status and the destination at that place. One that differs is read in full again.
 */
export class AnswerCheck {
  readonly #hasBody: boolean;
  #form: Form = { bytes: 0, destinationAt: 0 };

  /** Answers to `HEAD` have no body. */
  constructor(method: 'GET' | 'HEAD') {
    this.#hasBody = method === 'GET';
  }

  /**
   * Whether the first `length` bytes of `answer` are a whole redirect to the link whose slug stands at `slugAt` in
   * `request`; false when the end is still missing. Throws when it is another answer.
   */
  isWhole(answer: Buffer, length: number, request: Uint8Array, slugAt: number): boolean {
    const { bytes, destinationAt } = this.#form;
    if (
      length === bytes &&
      answer[9] === three &&
      answer[10] === zero &&
      answer[11] === two &&
      leadsTo(request, slugAt, answer, destinationAt)
    ) {
      return true;
    }
    return this.#read(answer.subarray(0, length), request, slugAt);
  }

  #read(answer: Buffer, request: Uint8Array, slugAt: number): boolean {
    const text = answer.toString('latin1');
    const headEnd = text.indexOf('\r\n\r\n');
    if (headEnd < 0 && (text.length < 12 || text.startsWith('HTTP/1.1 302'))) return false;
    const head = text.slice(0, headEnd + 2);
    const bytes = headEnd + 4 + (this.#hasBody ? bodyLength(head) : 0);
    if (text.length < bytes && head.startsWith('HTTP/1.1 302')) return false;
    const location = /\r\nlocation: */i.exec(head);
    const destinationAt = (location?.index ?? 0) + (location?.[0].length ?? 0);
    if (
      !head.startsWith('HTTP/1.1 302 ') ||
      text.length !== bytes ||
      !leadsTo(request, slugAt, answer, destinationAt) ||
      answer[destinationAt + destinationLength] !== carriageReturn
    ) {
      const slug = Buffer.from(request.subarray(slugAt, slugAt + slugLength)).toString('latin1');
      throw new Error(`wrong answer for ${slug}:\n${text}`);
    }
    this.#form = { bytes, destinationAt };
    return true;
  }
}

/** How long the body behind a head is. A chunked one is an empty one here: Node's own when nothing is known of it. */
function bodyLength(head: string): number {
  if (/\r\ntransfer-encoding: *chunked\r\n/i.test(head)) return '0\r\n\r\n'.length;
  return Number(/\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1] ?? 0);
}

const three = '3'.charCodeAt(0);
const zero = '0'.charCodeAt(0);
const two = '2'.charCodeAt(0);
const carriageReturn = '\r'.charCodeAt(0);
const before = Buffer.from(destinationFrame.before, 'latin1');
const after = Buffer.from(destinationFrame.after, 'latin1');
const destinationLength = before.length + slugLength + after.length;

function leadsTo(request: Uint8Array, slugAt: number, answer: Uint8Array, at: number): boolean {
  return (
    hasAt(answer, at, before, 0, before.length) &&
    hasAt(answer, at + before.length, request, slugAt, slugLength) &&
    hasAt(answer, at + before.length + slugLength, after, 0, after.length)
  );
}

function hasAt(
  bytes: Uint8Array,
  at: number,
  wanted: Uint8Array,
  from: number,
  length: number,
): boolean {
  for (let index = 0; index < length; index += 1) {
    if (bytes[at + index] !== wanted[from + index]) return false;
  }
  return true;
}
