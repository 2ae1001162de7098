// How the list of tickets is filtered and sorted.

import { fen, yuan } from '@/format/money'
import type { OrderRow, OrderStatus } from '@/host'

/** What the list remembers of a person's habits. */
export interface OrdersView {
  statuses: OrderStatus[]
  kind: 'all' | 'tickets' | 'visits'
  sort: 'newest' | 'oldest' | 'amount'
}

export const DEFAULT_VIEW: OrdersView = { statuses: [], kind: 'all', sort: 'newest' }

/** Whether something stored is still a view. */
export function isOrdersView(value: unknown): boolean {
  const view = value as Partial<OrdersView> | null
  return (
    typeof view === 'object' && view !== null && Array.isArray(view.statuses) && ['all', 'tickets', 'visits'].includes(view.kind ?? '') && ['newest', 'oldest', 'amount'].includes(view.sort ?? '')
  )
}

// Times and ids are plain ASCII: comparing code units is right, and quick on 10,000 rows.
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Rows that the view shows, in its order. */
export function chosen(rows: OrderRow[], view: OrdersView): OrderRow[] {
  const kept = view.statuses.length === 0 ? [...rows] : rows.filter((row) => view.statuses.includes(row.status))
  const newest = (a: OrderRow, b: OrderRow) => order(b.created_at, a.created_at) || order(a.id, b.id)
  if (view.sort === 'newest') return kept.sort(newest)
  if (view.sort === 'oldest') return kept.sort((a, b) => newest(b, a))
  const amounts = new Map(kept.map((row) => [row.id, fen(row.due)]))
  return kept.sort((a, b) => {
    const [x, y] = [amounts.get(a.id) ?? 0n, amounts.get(b.id) ?? 0n]
    return x === y ? newest(a, b) : x < y ? 1 : -1
  })
}

/** What the rows shown come to, cancelled ones left out. */
export const totalDue = (rows: OrderRow[]): string => yuan(rows.reduce((sum, row) => (row.status === 3 ? sum : sum + fen(row.due)), 0n))

/** How many rows each state has. */
export function countByStatus(rows: OrderRow[]): Record<OrderStatus, number> {
  const counts: Record<OrderStatus, number> = { 0: 0, 1: 0, 2: 0, 3: 0 }
  for (const row of rows) counts[row.status] += 1
  return counts
}
