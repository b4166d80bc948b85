/**
 * The file among those of a restore by which `hoplite rebuild` says that a person wants the fleet to start empty. An empty folder says
 * nothing: it may be what is left of one that was being removed.
 */
export const startsEmpty = 'starts-empty';
