/** A table that is sorted by its heads and searched by a field; its state is part of the address. */

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { arrange, parseSort, type SortValue } from '../format/arrange.ts';
import { changeQuery, place } from '../state/browser.ts';
import { useStore } from '../state/use-store.ts';

export interface Column<T> {
  /** Stable, for the address. */
  readonly id: string;
  readonly head: string;
  readonly cell: (row: T) => ComponentChildren;
  /** Without one the column cannot be sorted by. */
  readonly sort?: (row: T) => SortValue;
  readonly numeric?: true;
  /** Its cells stay on one line. */
  readonly nowrap?: true;
}

export interface TableProps<T> {
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  /** What the search looks in; without it there is none. */
  readonly textOf?: (row: T) => string;
  /** Id of the column, a minus in front for the largest first. */
  readonly sortedBy?: string;
  readonly empty: string;
  /** For a second table on a page: prefix of its parameters in the address. */
  readonly id?: string;
}

/** More rows than anybody reads only make the page slow; searching finds the others. */
const rowsAtFirst = 200;

export function Table<T>(props: TableProps<T>) {
  const { caption, columns, rows, keyOf, textOf, empty, id = '' } = props;
  const { query } = useStore(place);
  const [limit, setLimit] = useState(rowsAtFirst);
  const search = query[`${id}q`] ?? '';
  const sort = parseSort(query[`${id}sort`] ?? props.sortedBy ?? '');
  const sorter = columns.find((column) => column.id === sort.id)?.sort;
  const arranged = arrange(rows, { search, textOf, sorter, isDescending: sort.isDescending });
  const shown = arranged.slice(0, limit);
  return (
    <div class="table-box">
      {textOf === undefined || (rows.length < 6 && search === '') ? undefined : (
        <div class="table-tools">
          <input
            type="search"
            placeholder="Filter"
            aria-label={`Filter ${caption.toLowerCase()}`}
            value={search}
            onInput={(event) => changeQuery({ [`${id}q`]: event.currentTarget.value })}
          />
          <span class="muted" role="status">
            {search === '' ? rows.length : `${arranged.length} of ${rows.length}`}
          </span>
        </div>
      )}
      <div class="table-scroll" tabIndex={0} role="region" aria-label={caption}>
        <table>
          <caption class="visually-hidden">{caption}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <Head
                  key={column.id}
                  column={column}
                  direction={
                    column.id === sort.id ? (sort.isDescending ? 'descending' : 'ascending') : 'none'
                  }
                  onSort={(text) => changeQuery({ [`${id}sort`]: text })}
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={keyOf(row)}>
                {columns.map((column) => (
                  <td
                    key={column.id}
                    class={
                      column.numeric === true ? 'numeric' : column.nowrap === true ? 'nowrap' : undefined
                    }
                  >
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length > 0 ? undefined : (
        <p class="empty">{search === '' ? empty : 'Nothing matches the filter.'}</p>
      )}
      {arranged.length <= limit ? undefined : (
        <button type="button" class="button" onClick={() => setLimit(limit * 4)}>
          Show more ({arranged.length - limit} left)
        </button>
      )}
    </div>
  );
}

interface HeadProps<T> {
  readonly column: Column<T>;
  readonly direction: 'ascending' | 'descending' | 'none';
  readonly onSort: (sort: string) => void;
}

function Head<T>({ column, direction, onSort }: HeadProps<T>) {
  const className = column.numeric === true ? 'numeric' : undefined;
  if (column.sort === undefined) {
    return (
      <th scope="col" class={className}>
        {column.head}
      </th>
    );
  }
  // Numbers are looked at from their large end first.
  const first = column.numeric === true ? `-${column.id}` : column.id;
  const other = column.numeric === true ? column.id : `-${column.id}`;
  const isFirst = direction === (column.numeric === true ? 'descending' : 'ascending');
  return (
    <th scope="col" class={className} aria-sort={direction}>
      <button type="button" onClick={() => onSort(isFirst ? other : first)}>
        {column.head}
        <span aria-hidden="true" class="arrow">
          {direction === 'ascending' ? '↑' : direction === 'descending' ? '↓' : ''}
        </span>
      </button>
    </th>
  );
}
