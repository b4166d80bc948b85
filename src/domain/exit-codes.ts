/**
 * How a node ends that must not start. All are of sysexits.h, and neither Node nor LiteFS uses them; docs/backup.md and
 * docs/bootstrap.md say what a person does about each.
 */
export const exitCodes = {
  /** `EX_DATAERR`: what lies here, or in the bucket, is damaged. To start again changes nothing. */
  damaged: 65,
  /** `EX_TEMPFAIL`: the backups could not be asked for, or the disk has no room for one. To start again is right. */
  tryAgain: 75,
  /** `EX_CONFIG`: the volume is not of the cluster that Consul names. To start again changes nothing. */
  wrongCluster: 78,
} as const;
