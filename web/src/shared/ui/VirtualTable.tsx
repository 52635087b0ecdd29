import { Checkbox, Skeleton, UnstyledButton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconArrowDown, IconArrowsSort, IconArrowUp } from '@tabler/icons-react';
import {
  type ColumnDef,
  flexRender,
  getCoreRowModel,
  type Row,
  type RowData,
  useReactTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useEffect, useMemo, useRef } from 'react';
import classes from './VirtualTable.module.css';

declare module '@tanstack/react-table' {
  interface ColumnMeta<TData extends RowData, TValue> {
    /** As a track of a CSS grid: `minmax(180px, 2fr)`. */
    width: string;
    /** What the API's `sort` calls it; absent: it can not be sorted by. */
    sort?: string;
    /** Left out on screens that are narrower. */
    from?: 'sm' | 'md' | 'lg';
  }
}

export interface Selection {
  has: (id: string) => boolean;
  toggle: (id: string) => void;
  all: boolean;
  some: boolean;
  toggleAll: () => void;
  name: (id: string) => string;
}

interface Props<T> {
  label: string;
  columns: ColumnDef<T, unknown>[];
  rows: T[];
  rowId: (row: T) => string;
  /** How many there are in all, where they are not all loaded. */
  total?: number | undefined;
  /** Which rows are in view. */
  onView?: (first: number, last: number) => void;
  sort?: { by: string | undefined; set: (by: string) => void };
  selection?: Selection | undefined;
  loading?: boolean;
  rowHeight?: number;
  /** Shows the first row again where it becomes another: the filter, the order. */
  from?: string;
}

/** A table of any number of rows, of which only those in view are in the page. */
export function VirtualTable<T>(props: Props<T>) {
  const { label, rows, rowId, total = rows.length, onView, selection, loading, rowHeight = 44, from } = props;
  const columns = useVisible(props.columns);
  const table = useReactTable({ data: rows, columns, getRowId: rowId, getCoreRowModel: getCoreRowModel() });
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  });
  const shown = virtual.getVirtualItems();
  const first = shown.at(0)?.index ?? 0;
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => onView?.(first, last), [first, last, onView]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list begins at its first row
  useEffect(() => void scroller.current?.scrollTo({ top: 0 }), [from]);

  const tracks = columns.map((c) => c.meta?.width ?? '1fr');
  const gridTemplateColumns = (selection ? ['36px', ...tracks] : tracks).join(' ');
  const tableRows = table.getRowModel().rows;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <div ref={scroller} className={classes.scroller} tabIndex={0} role="region" aria-label={label}>
      <div role="table" aria-label={label} aria-rowcount={total + 1} aria-busy={loading}>
        <div role="row" aria-rowindex={1} className={classes.head} style={{ gridTemplateColumns }}>
          {selection && (
            <div role="columnheader">
              <Checkbox
                size="xs"
                aria-label="Select all that match"
                checked={selection.all}
                indeterminate={!selection.all && selection.some}
                onChange={selection.toggleAll}
              />
            </div>
          )}
          {table.getFlatHeaders().map((header) => (
            <Header key={header.id} sort={props.sort} by={header.column.columnDef.meta?.sort}>
              {flexRender(header.column.columnDef.header, header.getContext())}
            </Header>
          ))}
        </div>
        {loading && [1, 2, 3, 4, 5].map((n) => <Skeleton key={n} h={rowHeight - 12} my={6} />)}
        <div role="rowgroup" className={classes.body} style={{ height: virtual.getTotalSize() }}>
          {shown.map((item) => {
            const row = tableRows[item.index];
            if (!row) return null;
            return (
              <TableRow
                key={row.id}
                row={row}
                columns={columns}
                index={item.index}
                start={item.start}
                height={rowHeight}
                gridTemplateColumns={gridTemplateColumns}
                selected={selection?.has(row.id)}
                selection={selection}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

interface RowProps<T> {
  row: Row<T>;
  columns: ColumnDef<T, unknown>[];
  index: number;
  start: number;
  height: number;
  gridTemplateColumns: string;
  selected: boolean | undefined;
  selection: Selection | undefined;
}

function RowOf<T>({ row, index, start, height, gridTemplateColumns, selected, selection }: RowProps<T>) {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={classes.row}
      style={{ gridTemplateColumns, height, transform: `translateY(${start}px)` }}
    >
      {selection && (
        <div role="cell">
          <Checkbox
            size="xs"
            aria-label={`Select ${selection.name(row.id)}`}
            checked={selected ?? false}
            onChange={() => selection.toggle(row.id)}
          />
        </div>
      )}
      {row.getVisibleCells().map((cell) => (
        <div key={cell.id} role="cell" className={classes.cell}>
          {flexRender(cell.column.columnDef.cell, cell.getContext())}
        </div>
      ))}
    </div>
  );
}

/**
 * A row, drawn anew only where something of it changed: as somebody scrolls by, or a page more is read, those that stay in
 * view cost nothing. What its cells show is a matter of the thing itself and of the columns.
 */
const TableRow = memo(RowOf, (before, after) => {
  const { row, selection, ...old } = before;
  const { row: next, selection: chosen, ...now } = after;
  const same = (Object.keys(now) as (keyof typeof now)[]).every((name) => old[name] === now[name]);
  return same && row.original === next.original && selection === chosen;
}) as typeof RowOf;

/** The columns for which the screen is wide enough. */
function useVisible<T>(columns: ColumnDef<T, unknown>[]): ColumnDef<T, unknown>[] {
  const wide = {
    sm: useMediaQuery('(min-width: 48em)', true, { getInitialValueInEffect: false }),
    md: useMediaQuery('(min-width: 62em)', true, { getInitialValueInEffect: false }),
    lg: useMediaQuery('(min-width: 75em)', true, { getInitialValueInEffect: false }),
  };
  const { sm, md, lg } = wide;
  return useMemo(() => columns.filter((c) => !c.meta?.from || { sm, md, lg }[c.meta.from]), [columns, sm, md, lg]);
}

function Header({
  sort,
  by,
  children,
}: {
  sort: Props<unknown>['sort'];
  by: string | undefined;
  children: React.ReactNode;
}) {
  if (!sort || !by) {
    return (
      <div role="columnheader" className={classes.cell}>
        {children}
      </div>
    );
  }
  const up = sort.by === by;
  const down = sort.by === `-${by}`;
  const Icon = up ? IconArrowUp : down ? IconArrowDown : IconArrowsSort;
  return (
    <div role="columnheader" className={classes.cell} aria-sort={up ? 'ascending' : down ? 'descending' : 'none'}>
      <UnstyledButton fz="inherit" fw="inherit" onClick={() => sort.set(up ? `-${by}` : by)}>
        {children} <Icon size={12} aria-hidden opacity={up || down ? 1 : 0.5} />
      </UnstyledButton>
    </div>
  );
}
