// Times are UTC on the wire and local on screen.

import { language } from '@/i18n'

const two = (n: number): string => String(n).padStart(2, '0')

/** Local day of an instant: `2026-11-24`. */
export const localDay = (at: Date): string => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`

/** Local clock time of an instant: `14:05`. */
export function clock(at: string | Date): string {
  const date = new Date(at)
  return `${two(date.getHours())}:${two(date.getMinutes())}`
}

/** The day `n` days after a local day. */
export function addDays(day: string, n: number): string {
  const [y = 1970, m = 1, d = 1] = day.split('-').map(Number)
  return localDay(new Date(y, m - 1, d + n))
}

/** `11月24日 周二` or `Tue 24 Nov`. */
export function dayName(day: string): string {
  const [y = 1970, m = 1, d = 1] = day.split('-').map(Number)
  const locale = language() === 'en' ? 'en-GB' : 'zh-CN'
  return new Intl.DateTimeFormat(locale, { month: language() === 'en' ? 'short' : 'long', day: 'numeric', weekday: 'short' }).format(
    new Date(y, m - 1, d),
  )
}

/** `11-24 周二` or `Tue 24`, where the month is plain from what stands beside it. */
export function shortDay(day: string): string {
  const [y = 1970, m = 1, d = 1] = day.split('-').map(Number)
  const en = language() === 'en'
  const weekday = new Intl.DateTimeFormat(en ? 'en-GB' : 'zh-CN', { weekday: 'short' }).format(new Date(y, m - 1, d))
  return en ? `${weekday} ${d}` : `${day.slice(5)} ${weekday}`
}

/** Day and time: `11-24 14:05`; with the year where it is not this one. */
export function moment(at: string | null | undefined, now = new Date()): string {
  if (!at) return ''
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return at
  const day = localDay(date)
  return `${date.getFullYear() === now.getFullYear() ? day.slice(5) : day} ${clock(date)}`
}

/** The clock time if it is today, day and time otherwise. */
export function shortMoment(at: string | null | undefined, now = new Date()): string {
  if (!at) return ''
  return localDay(new Date(at)) === localDay(now) ? clock(at) : moment(at, now)
}
