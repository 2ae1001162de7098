// Times of appointments are the city's, whatever zone the computer is in: customers and collectors agree on them by the
// clock on the wall there. All of China keeps one zone, without summer time.

const HOUR_MS = 3_600_000
const ZONE = '+08:00'

const there = (at: string | Date): string => {
  const ms = new Date(at).getTime()
  return Number.isNaN(ms) ? '' : new Date(ms + 8 * HOUR_MS).toISOString()
}

/** The day an instant lies in there: `2026-11-24`. */
export const cityDay = (at: string | Date): string => there(at).slice(0, 10)

/** The clock there at an instant: `14:05`. */
export const cityClock = (at: string | Date): string => there(at).slice(11, 16)

/** When it is this day and time there. */
export const cityTime = (day: string, clock: string): Date => new Date(`${day}T${clock}:00${ZONE}`)
