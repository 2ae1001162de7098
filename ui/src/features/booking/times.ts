// Days and slots that can be agreed on the telephone. The server has the last word: which slots a depot keeps, and
// whether a place is left, is known there alone. Slots are the city's, whatever zone the computer is in.

import { cityClock, cityDay, cityTime } from '@/format/city'
import { addDays } from '@/format/time'

/** Begins of the slots of two hours. */
export const SLOTS = ['08:00', '10:00', '12:00', '14:00', '16:00', '18:00'] as const

const HOUR = 3_600_000
const HALF = HOUR / 2
/** Days offered by one key each; others by the calendar. */
const NEAR_DAYS = 4

/** The day an instant lies in. */
export const dayOf = (at: Date): string => cityDay(at)
/** When a slot begins. */
export const beginOf = (day: string, start: string): Date => cityTime(day, start)

/** `10:00` → `12:00`. */
export const endOf = (start: string): string => `${String(Number(start.slice(0, 2)) + 2).padStart(2, '0')}:00`

/** When within a slot a visit can begin: at its begin, or at the first half hour that is at least an hour ahead; null
 * where that is past the slot's end. */
export function timeIn(day: string, start: string, now: Date): Date | null {
  const begin = beginOf(day, start).getTime()
  if (Number.isNaN(begin)) return null
  const earliest = Math.ceil((now.getTime() + HOUR) / HALF) * HALF
  const at = Math.max(begin, earliest)
  return at < begin + 2 * HOUR ? new Date(at) : null
}

/** Whether any slot of a day can still be had. */
export const open = (day: string, now: Date): boolean => SLOTS.some((start) => timeIn(day, start, now) !== null)

/** The next days; today only while it has a slot left. */
export function nearDays(now: Date): string[] {
  const today = dayOf(now)
  const first = open(today, now) ? today : addDays(today, 1)
  return Array.from({ length: NEAR_DAYS }, (_, i) => addDays(first, i))
}

/** The last day that can be booked: one month ahead. */
export function lastDay(now: Date): string {
  const [y = 1970, m = 1, d = 1] = dayOf(now).split('-').map(Number)
  const last = new Date(Date.UTC(y, m + 1, 0)).getUTCDate()
  return new Date(Date.UTC(y, m, Math.min(d, last))).toISOString().slice(0, 10)
}

/** `10:00–12:00`, or `10:30–12:00` where the slot has begun to run out. */
export const slotText = (day: string, start: string, now: Date): string => `${cityClock(timeIn(day, start, now) ?? beginOf(day, start))}–${endOf(start)}`
