/**
 * The frame of every table of numbers: named for a screen reader, scrolled sideways by touch and by key where the window is
 * narrow, heads above columns. A table that a phone shows as a list instead is `wideOnly`.
 */
import type { ReactNode } from 'react';

export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => ReactNode;
  /** More of the same, on hover: the exact amount. */
  readonly title?: (row: Row) => string;
  /** `row`: names its row. `number`: stands right, on one line. `line`: on one line. Absent: text that wraps. */
  readonly kind?: 'row' | 'number' | 'line';
  /** Under the column. */
  readonly foot?: ReactNode;
  /** Left out on a phone, where another column says it too. */
  readonly wideOnly?: boolean;
}

interface DataTableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
  readonly wideOnly?: boolean;
  /** Classes of the frame: how high or wide it may become. */
  readonly bounds?: string;
}

const base = 'py-2 pl-4 first:pl-0';

const looks = { number: 'text-right whitespace-nowrap', line: 'text-left whitespace-nowrap', row: 'text-left' };

function look<Row>({ kind = 'row', wideOnly = false }: Column<Row>): string {
  return `${base} ${looks[kind]} ${wideOnly ? 'max-sm:hidden' : ''}`;
}

export function DataTable<Row>({ label, columns, rows, keyOf, wideOnly = false, bounds = '' }: DataTableProps<Row>) {
  const hasFoot = columns.some(({ foot }) => foot !== undefined);
  return (
    <div
      className={`overflow-auto ${bounds} ${wideOnly ? 'max-sm:hidden' : ''}`}
      tabIndex={0}
      role="region"
      aria-label={label}
    >
      <table className="figures w-full text-sm">
        <thead>
          <tr className="border-b border-edge">
            {columns.map((column) => (
              <th key={column.head} scope="col" className={`${look(column)} font-semibold`}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} className="border-b border-line align-top">
              {columns.map((column) => (
                <Cell key={column.head} column={column} row={row} />
              ))}
            </tr>
          ))}
        </tbody>
        {hasFoot ? (
          <tfoot>
            <tr className="align-top">
              {columns.map((column) =>
                column.kind === 'row' ? (
                  <th key={column.head} scope="row" className={`${look(column)} font-semibold`}>
                    {column.foot}
                  </th>
                ) : (
                  <td key={column.head} className={look(column)}>
                    {column.foot}
                  </td>
                ),
              )}
            </tr>
          </tfoot>
        ) : null}
      </table>
    </div>
  );
}

function Cell<Row>({ column, row }: { column: Column<Row>; row: Row }) {
  return column.kind === 'row' ? (
    <th scope="row" className={`${look(column)} font-medium`} title={column.title?.(row)}>
      {column.cell(row)}
    </th>
  ) : (
    <td className={look(column)} title={column.title?.(row)}>
      {column.cell(row)}
    </td>
  );
}
