/** Why a deployment does not go on; the message is one or more sentences for people. */
export class DeployFailure extends Error {}

/** Somebody told this program to end while it was at work. */
export class Interrupted extends Error {
  constructor() {
    super('Interrupted.');
  }
}
