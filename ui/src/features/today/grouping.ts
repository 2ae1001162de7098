// The day in order: filter by state and collector, sort by time, and put headings between slots or days.

import type { AppointmentRow, AppointmentStatus } from '@/host'

/** What Today remembers of a person's habits. */
export interface TodayView {
  view: 'list' | 'timeline'
  /** One day, or all days. */
  span: 'day' | 'all'
  statuses: AppointmentStatus[]
  descending: boolean
  assignee: string | null
}

export const DEFAULT_VIEW: TodayView = { view: 'list', span: 'day', statuses: [], descending: false, assignee: null }

/** Whether something stored is still a view. */
export function isTodayView(value: unknown): boolean {
  const view = value as Partial<TodayView> | null
  return typeof view === 'object' && view !== null && Array.isArray(view.statuses) && (view.view === 'list' || view.view === 'timeline') && (view.span === 'day' || view.span === 'all')
}

/** A heading between rows, or a row. */
export type Entry = { kind: 'head'; key: string; label: string; count: number } | { kind: 'row'; key: string; row: AppointmentRow }

// Times and ids are plain ASCII: comparing code units is right, and quick on 10,000 rows.
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

// Sorting 10,000 rows is felt: it is done once for each answer of the engine, not at every press of a filter.
const sorted = new WeakMap<AppointmentRow[], AppointmentRow[]>()

function byTime(rows: AppointmentRow[]): AppointmentRow[] {
  const known = sorted.get(rows)
  if (known) return known
  const fresh = [...rows].sort((a, b) => order(a.time, b.time) || order(a.id, b.id))
  sorted.set(rows, fresh)
  return fresh
}

/** Rows that the view shows, in its order. */
export function chosen(rows: AppointmentRow[], view: TodayView): AppointmentRow[] {
  const kept = byTime(rows).filter((row) => (view.statuses.length === 0 || view.statuses.includes(row.status)) && (view.assignee === null || row.assignee === view.assignee))
  return view.descending ? kept.reverse() : kept
}

/** How many rows each state has, whatever states are shown. */
export function countByStatus(rows: AppointmentRow[]): Record<AppointmentStatus, number> {
  const counts: Record<AppointmentStatus, number> = { 0: 0, 1: 0, 2: 0, 3: 0, 4: 0 }
  for (const row of rows) counts[row.status] += 1
  return counts
}

/** The heading a row stands under: its slot within a day, its day within all days. */
export const groupOf = (row: AppointmentRow, span: TodayView['span']): string => (span === 'day' ? `${row.slot.start}–${row.slot.end}` : row.slot.date)

/** Rows with a heading wherever the group changes; `label` words a group. */
export function withHeadings(rows: AppointmentRow[], span: TodayView['span'], label: (group: string) => string): Entry[] {
  const entries: Entry[] = []
  let head: Extract<Entry, { kind: 'head' }> | null = null
  for (const row of rows) {
    const group = groupOf(row, span)
    if (head?.key !== `head ${group}`) {
      head = { kind: 'head', key: `head ${group}`, label: label(group), count: 0 }
      entries.push(head)
    }
    head.count += 1
    entries.push({ kind: 'row', key: row.id, row })
  }
  return entries
}

/** One band of the timeline. */
export interface Band {
  key: string
  label: string
  rows: AppointmentRow[]
}

/** Rows by slot, in order of time whatever the list's order is. */
export function bands(rows: AppointmentRow[], span: TodayView['span'], label: (group: string) => string): Band[] {
  const found = new Map<string, Band>()
  for (const row of [...rows].sort((a, b) => order(a.time, b.time))) {
    const key = span === 'day' ? groupOf(row, span) : `${row.slot.date} ${row.slot.start}–${row.slot.end}`
    const band = found.get(key) ?? { key, label: span === 'day' ? label(key) : `${label(row.slot.date)} ${row.slot.start}–${row.slot.end}`, rows: [] }
    band.rows.push(row)
    found.set(key, band)
  }
  return [...found.values()]
}
