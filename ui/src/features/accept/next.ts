// Which visit comes after the one that just ended.

import type { AppointmentRow } from '@/host'

/** The visit to suggest: one already begun, otherwise the earliest. */
export function nextVisit(rows: readonly AppointmentRow[], except: string): AppointmentRow | null {
  const open = rows.filter((r) => r.id !== except && [0, 1, 4].includes(r.status))
  const order = (r: AppointmentRow) => `${r.status === 4 ? 0 : 1} ${r.time}`
  return [...open].sort((a, b) => order(a).localeCompare(order(b)))[0] ?? null
}
