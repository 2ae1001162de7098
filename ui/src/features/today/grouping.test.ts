import { describe, expect, it } from 'vitest'
import type { AppointmentRow, AppointmentStatus } from '@/host'
import { bands, chosen, countByStatus, DEFAULT_VIEW, isTodayView, withHeadings } from './grouping'

const row = (id: string, time: string, status: AppointmentStatus = 1, assignee: string | null = null): AppointmentRow => ({
  id, order_id: id, status, order_status: 0, time: `2026-11-24T${time}:00.000Z`, slot: { date: '2026-11-24', start: time < '10' ? '08:00' : '10:00', end: time < '10' ? '10:00' : '12:00' }, name: id,
  phone_masked: '', address: '', categories: [], estimate: '0.00', due: null, assignee, assignee_name: null, reviews: [], sync: 'synced',
})
const rows = [row('c', '10:30', 0), row('a', '08:00', 1, 'zhang'), row('b', '09:00', 3)]

describe('the day', () => {
  it('is in order of time, either way', () => {
    expect(chosen([...rows], DEFAULT_VIEW).map((r) => r.id)).toEqual(['a', 'b', 'c'])
    expect(chosen([...rows], { ...DEFAULT_VIEW, descending: true }).map((r) => r.id)).toEqual(['c', 'b', 'a'])
  })

  it('shows only the states and the collector asked for', () => {
    expect(chosen([...rows], { ...DEFAULT_VIEW, statuses: [0, 3] }).map((r) => r.id)).toEqual(['b', 'c'])
    expect(chosen([...rows], { ...DEFAULT_VIEW, assignee: 'zhang' }).map((r) => r.id)).toEqual(['a'])
    expect(countByStatus(rows)).toEqual({ 0: 1, 1: 1, 2: 0, 3: 1, 4: 0 })
  })

  it('has a heading with a count before each slot', () => {
    const entries = withHeadings(chosen([...rows], DEFAULT_VIEW), 'day', (group) => group)
    expect(entries.map((e) => (e.kind === 'head' ? `${e.label} ×${e.count}` : e.key))).toEqual(['08:00–10:00 ×2', 'a', 'b', '10:00–12:00 ×1', 'c'])
  })

  it('keeps its bands in order of time whatever the order of the list', () => {
    const reversed = chosen([...rows], { ...DEFAULT_VIEW, descending: true })
    expect(bands(reversed, 'day', (g) => g).map((band) => band.rows.map((r) => r.id))).toEqual([['a', 'b'], ['c']])
  })

  it('forgets a stored view that no longer fits', () => {
    expect(isTodayView({ ...DEFAULT_VIEW })).toBe(true)
    expect(isTodayView({ view: 'map' })).toBe(false)
    expect(isTodayView(null)).toBe(false)
  })
})
