/** A command cannot or must not do what it was asked. The message is all that the person gets to read. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** With which the command ends. */
  readonly exitCode: number;

  constructor(message: string, options: ErrorOptions & { readonly exitCode?: number } = {}) {
    super(message, options);
    this.exitCode = options.exitCode ?? 1;
  }
}
