import {
  type Compilable,
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { ReadonlyKysely } from 'kysely/readonly';
import type { ClickSchema } from './click-schema.ts';
import type { Schema } from './schema.ts';

/** Builds SQL for `links.db` and checks its types; has no database behind it. */
export const sqlBuilder = createBuilder<Schema>();

/** The same for readers: a query that writes does not compile. */
export const readBuilder = sqlBuilder as unknown as ReadonlyKysely<Schema>;

/** Builds SQL for `clicks.db`. */
export const clickBuilder = createBuilder<ClickSchema>();

/** The same for readers. */
export const clickReadBuilder = clickBuilder as unknown as ReadonlyKysely<ClickSchema>;

/** SQL, compiled once, whose parameters are given by name each time it runs. */
export interface Query<Params, Row> {
  readonly sql: string;
  /** The values of `params` in the order of the placeholders in `sql`. */
  toValues(params: Params): unknown[];
  /** Carries the type of the rows; never there. */
  readonly row?: Row;
}

class Placeholder {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * Compiles what `build` returns. Each property that `build` reads of its argument becomes a placeholder,
 * so it can be compared and stored but not computed with.
 */
export function defineQuery<Params extends object, Row>(
  build: (params: Params) => Compilable<Row>,
): Query<Params, Row> {
  const placeholders = new Proxy({}, { get: (_, name) => new Placeholder(String(name)) });
  const { sql, parameters } = build(placeholders as Params).compile();
  return {
    sql,
    toValues: (params) =>
      parameters.map((value) =>
        value instanceof Placeholder ? params[value.name as keyof Params] : value,
      ),
  };
}

function createBuilder<Tables>(): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (database) => new SqliteIntrospector(database),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
}
