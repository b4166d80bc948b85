/** A command cannot or must not do what it was asked. The message is all that the person gets to read. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
