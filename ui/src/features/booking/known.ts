// Who calls again: name and address of the last visit of a telephone number, as far as this device knows it.

import { host, type Address, type Contact } from '@/host'

/** A customer as last visited. */
export interface Known {
  contact: Contact
  address: Address
  /** Day of that visit. */
  day: string
  /** It is still to come. */
  open: boolean
}

/** The last visit of a number; null where this device knows none. */
export async function lastVisit(phone: string): Promise<Known | null> {
  const rows = await host().appointments({ from: null, to: null, query: phone, statuses: [], assignee: null })
  const newest = rows.reduce<(typeof rows)[number] | null>((last, row) => (last === null || row.time > last.time ? row : last), null)
  if (!newest) return null
  const { appointment } = await host().appointment(newest.id)
  return appointment.contact.phone === phone ? { contact: appointment.contact, address: appointment.address, day: appointment.slot.date, open: newest.status !== 2 && newest.status !== 3 } : null
}
