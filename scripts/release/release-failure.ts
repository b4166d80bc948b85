/** Why a release cannot be made; the message is a sentence for people. */
export class ReleaseFailure extends Error {}
