/** Something that keeps the cluster from doing what was asked. The message is a sentence for the person at the terminal. */
export class ClusterFailure extends Error {
  override readonly name = 'ClusterFailure';
}
