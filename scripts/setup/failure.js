/** Something the set-up needs and cannot get. The message is a sentence that says what to do about it. */
export class SetupFailure extends Error {
  name = 'SetupFailure';
}
