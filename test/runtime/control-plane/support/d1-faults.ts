// A D1 that counts its round trips and can fail any one of them, before the database sees it or after it was applied.

export type D1Fault = 'before' | 'after';

export interface WatchedD1 {
  readonly d1: D1Database;
  /** Every statement or batch that was sent, as SQL. */
  readonly sent: string[];
  /** Fails the n-th round trip from now (1 = the next). */
  failAt(n: number, fault: D1Fault): void;
  /** Nothing fails any more. */
  heal(): void;
}

interface Watched {
  readonly statement: D1PreparedStatement;
  readonly query: string;
}

export function watchD1(real: D1Database): WatchedD1 {
  const sent: string[] = [];
  const inner = new WeakMap<object, Watched>();
  let countdown = 0;
  let fault: D1Fault | null = null;

  const trip = async <T>(query: string, work: () => Promise<T>): Promise<T> => {
    sent.push(query);
    const now = fault !== null && --countdown === 0 ? fault : null;
    if (now === 'before') throw new Error('D1_ERROR: injected before');
    const result = await work();
    if (now === 'after') throw new Error('D1_ERROR: injected after');
    return result;
  };

  const watch = (watched: Watched): D1PreparedStatement => {
    const { statement, query } = watched;
    const proxy = new Proxy(statement, {
      get(_target, name) {
        switch (name) {
          case 'bind':
            return (...values: unknown[]) => watch({ statement: statement.bind(...values), query });
          case 'run':
            return () => trip(query, () => statement.run());
          case 'all':
            return () => trip(query, () => statement.all());
          case 'raw':
            return () => trip(query, () => statement.raw());
          case 'first':
            return () => trip(query, () => statement.first());
          default:
            throw new Error(`a statement's ${String(name)} is not watched`);
        }
      },
    });
    inner.set(proxy, watched);
    return proxy;
  };

  const d1 = new Proxy(real, {
    get(_target, name) {
      switch (name) {
        case 'prepare':
          return (query: string) => watch({ statement: real.prepare(query), query });
        case 'batch':
          return (statements: D1PreparedStatement[]) => {
            const all = statements.map((statement) => {
              const watched = inner.get(statement);
              if (watched === undefined) throw new Error('a statement of another database');
              return watched;
            });
            return trip(all.map(({ query }) => query).join(';\n'), () =>
              real.batch(all.map(({ statement }) => statement)),
            );
          };
        default:
          throw new Error(`the database's ${String(name)} is not watched`);
      }
    },
  });
  return {
    d1,
    sent,
    failAt(n, how) {
      countdown = n;
      fault = how;
    },
    heal() {
      fault = null;
    },
  };
}
