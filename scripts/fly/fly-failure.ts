/** Something about Fly that keeps this program from going on; the message is a sentence for people. */
export class FlyFailure extends Error {}
