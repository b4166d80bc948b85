/**
 * What is known of a write when it is answered. `replicated`: the other candidate has it too, so that it survives the
 * loss of any one machine. `local`: it is on the disk of the primary, and nothing more is known.
 */
export type Durability = 'replicated' | 'local';
