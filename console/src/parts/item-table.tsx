import type { ComponentChildren } from "preact";

export interface Column<Item> {
  title: string;
  cell(item: Item): ComponentChildren;
}

export interface ItemTableProps<Item> {
  /** Name of the table, for screen readers. */
  name: string;
  columns: readonly Column<Item>[];
  items: readonly Item[];
  /** Text in place of a table without items. */
  empty: string;
}

/** A table with a row for each item. On phones, each row is a block. */
export function ItemTable<Item extends { id: string }>({
  name,
  columns,
  items,
  empty,
}: ItemTableProps<Item>) {
  if (items.length === 0) return <p class="empty">{empty}</p>;
  return (
    <table class="items" aria-label={name}>
      <thead>
        <tr>
          {columns.map(({ title }) => (
            <th key={title} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={item.id}>
            {columns.map(({ title, cell }) => (
              <td key={title} data-title={title}>
                {cell(item)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
