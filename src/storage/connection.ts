import type { Database, Statement } from 'better-sqlite3';
import type { CompiledQuery } from 'kysely';
import type { Query } from './query.ts';

/**
 * A SQLite connection that prepares each statement once. Everything is synchronous and complete when it
 * returns, so no read outlives a call (an open read on a replica stops replication).
 */
export class Connection implements Disposable {
  readonly database: Database;
  readonly #statements = new Map<string, Statement<unknown[]>>();

  constructor(database: Database) {
    this.database = database;
  }

  all<Params, Row>(query: Query<Params, Row>, params: Params): Row[] {
    return this.#prepare(query.sql).all(...query.toValues(params)) as Row[];
  }

  get<Params, Row>(query: Query<Params, Row>, params: Params): Row | undefined {
    return this.#prepare(query.sql).get(...query.toValues(params)) as Row | undefined;
  }

  /** Runs a query that returns no rows; gives the number of rows it changed. */
  run<Params, Row>(query: Query<Params, Row>, params: Params): number {
    return this.#prepare(query.sql).run(...query.toValues(params)).changes;
  }

  /** Like `all`, for a query whose shape varies from call to call within few variants. */
  allCompiled<Row>({ sql, parameters }: CompiledQuery<Row>): Row[] {
    return this.#prepare(sql).all(...parameters) as Row[];
  }

  /** Runs a statement without parameters or rows, such as `BEGIN IMMEDIATE`. */
  execute(sql: string): void {
    this.#prepare(sql).run();
  }

  /** The first column of the first row of a statement without parameters, which is used for nothing else. */
  value(sql: string): unknown {
    return this.#prepare(sql).pluck().get();
  }

  /** Runs `work` on one state of the database. Its locks end with the call. */
  inReadTransaction<T>(work: () => T): T {
    this.execute('BEGIN');
    try {
      return work();
    } finally {
      if (this.isInTransaction) this.execute('ROLLBACK');
    }
  }

  get isInTransaction(): boolean {
    return this.database.inTransaction;
  }

  [Symbol.dispose](): void {
    this.#statements.clear();
    this.database.close();
  }

  #prepare(sql: string): Statement<unknown[]> {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.database.prepare<unknown[]>(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
